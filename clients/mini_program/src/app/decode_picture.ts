// Reads a QR code out of a picture that the person takes or chooses. For browsers, where there is no scanner to call.
import jsQR from 'jsqr';
import { scannedText } from '@/shared/codes';

/** Pictures from phones are large; a code fills enough of one to be read at this size. */
const SIDE_PX_MAX = 1200;

function choose(): Promise<string | null> {
  return new Promise((resolve, reject) => {
    uni.chooseImage({
      count: 1,
      sourceType: ['camera', 'album'],
      success: ({ tempFilePaths }) => resolve((tempFilePaths as string[])[0] ?? null),
      fail: ({ errMsg }) => (/cancel/.test(errMsg) ? resolve(null) : reject(new Error(errMsg))),
    });
  });
}

function load(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const picture = new Image();
    picture.onload = () => resolve(picture);
    picture.onerror = () => reject(new Error('not a picture'));
    picture.src = url;
  });
}

/** The code's text; empty where the picture holds none; null where no picture was chosen. */
export async function decodePicture(): Promise<string | null> {
  const url = await choose();
  if (!url) return null;
  const picture = await load(url);
  const scale = Math.min(1, SIDE_PX_MAX / Math.max(picture.naturalWidth, picture.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
  const context = canvas.getContext('2d');
  if (!context) return '';
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const found = jsQR(pixels.data, pixels.width, pixels.height);
  return found ? scannedText({ result: found.data }) : '';
}
