// UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds since 1970, then 74 random bits. A request id is made once per intent.

/** Fills the array with random bytes. */
export type RandomBytes = (bytes: Uint8Array) => void;

/** The engine's cryptographic source, or Math.random where a mini program engine has none: ids must be unique, not secret. */
export const platformRandom: RandomBytes = (bytes) => {
  if (typeof crypto !== 'undefined' && typeof crypto.getRandomValues === 'function') {
    crypto.getRandomValues(bytes);
    return;
  }
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(Math.random() * 256);
};

/** A UUIDv7 in lower case. `unixMs` is the server's time as far as known, so that a phone with a wrong clock is not refused. */
export function uuid7(unixMs: number, random: RandomBytes = platformRandom): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  let rest = Math.floor(unixMs);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
