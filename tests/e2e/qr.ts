// Reads a QR code as a scanner would.
import jsQR from 'jsqr';
import { PNG } from 'pngjs';

// The package is CommonJS; how its function arrives depends on who loads it.
const decode = (jsQR as unknown as { default?: typeof jsQR }).default ?? jsQR;

/** The text of the code in a PNG. */
export function readQr(png: Buffer): string {
  const picture = PNG.sync.read(png);
  const found = decode(new Uint8ClampedArray(picture.data), picture.width, picture.height);
  if (!found) throw new Error('no QR code in the picture');
  return found.data;
}
