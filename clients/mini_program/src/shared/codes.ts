// The two codes people scan. Formats: docs/formats/station_code.md and docs/formats/voucher_code.md.

/** Characters of a voucher code, without hyphens. */
export const VOUCHER_CODE_LENGTH = 21;
const VOUCHER_GROUPS = [5, 4, 4, 4, 4];
const STATION_CODE = /FS1\.[A-Za-z0-9_-]{1,32}\.\d{1,12}\.[a-z2-7]{16}/;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What a scan gave, as the text to send. A scan of a QR gives `result`; a scan of a mini program code of ours gives `path`
 * (`pages/…?scene=…`). A station code inside a longer text, such as a link, is taken out; anything else is sent as it is, so that
 * the server can say what is wrong with it.
 */
export function scannedText(scan: { result?: string; path?: string }): string {
  const text = (scan.result ?? '').trim() || sceneOf(scan.path ?? '');
  return STATION_CODE.exec(text)?.[0] ?? STATION_CODE.exec(decoded(text))?.[0] ?? text;
}

function sceneOf(path: string): string {
  const query = path.split('?')[1] ?? '';
  for (const pair of query.split('&')) {
    const [key, value = ''] = pair.split('=');
    if (key === 'scene' || key === 'code') return decoded(value);
  }
  return path;
}

/** True for what looks like a station's rotating code. */
export function isStationCode(text: string): boolean {
  return STATION_CODE.exec(text)?.[0] === text;
}

/** The 21 characters of a voucher code however it was typed: spaces, hyphens and `FV1.` dropped, O read as 0, I and L as 1. */
export function plainVoucherCode(text: string): string {
  return text
    .trim()
    .toUpperCase()
    .replace(/^FV1\./, '')
    .replace(/[\s-]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
}

/** In groups of 5-4-4-4-4, as printed and read aloud. Shorter text is grouped as far as it goes. */
export function groupVoucherCode(text: string): string {
  const plain = plainVoucherCode(text);
  const groups: string[] = [];
  let at = 0;
  for (const size of VOUCHER_GROUPS) {
    if (at < plain.length) groups.push(plain.slice(at, at + size));
    at += size;
  }
  if (plain.length > at) groups.push(plain.slice(at));
  return groups.join('-');
}

/** The text in the QR of a code on paper, which does not change. */
export function voucherQrText(code: string): string {
  return `FV1.${plainVoucherCode(code)}`;
}
