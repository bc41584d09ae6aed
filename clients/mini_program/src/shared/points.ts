// Points are integers in hundredths of a point; these functions are the only place where they become text.

/** `123450` → `1,234.5`. Trailing zeros are dropped; the sign is kept. */
export function formatPoints(hundredths: number): string {
  if (!Number.isSafeInteger(hundredths)) return '—';
  const magnitude = Math.abs(hundredths);
  const whole = String(Math.floor(magnitude / 100)).replace(/\B(?=(\d{3})+$)/g, ',');
  const cents = String(magnitude % 100).padStart(2, '0').replace(/0+$/, '');
  return `${hundredths < 0 ? '−' : ''}${whole}${cents ? `.${cents}` : ''}`;
}

/** As formatPoints, with `+` before what was earned. */
export function formatChange(hundredths: number): string {
  return hundredths > 0 ? `+${formatPoints(hundredths)}` : formatPoints(hundredths);
}

/**
 * Reads a weight typed in kilograms, with at most three decimals, as whole grams. Empty text means that nothing was weighed.
 * Full-width digits and the Chinese full stop, as phones in China type them, are taken.
 */
export function parseKilograms(text: string): { grams: number | null } | { error: 'not_a_number' | 'not_positive' | 'too_large' } {
  const plain = text
    .replace(/[０-９．]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace('。', '.')
    .trim();
  if (plain === '') return { grams: null };
  const match = /^(-?)(\d{1,9})(?:\.(\d{0,3}))?$/.exec(plain);
  if (!match) return { error: 'not_a_number' };
  const grams = Number(match[2]) * 1000 + Number((match[3] ?? '').padEnd(3, '0'));
  if (match[1] === '-' || grams === 0) return { error: 'not_positive' };
  if (grams > WEIGHT_GRAMS_MAX) return { error: 'too_large' };
  return { grams };
}

/** The server's limit for one drop; checked here too so that a slip of the finger is told at once. */
export const WEIGHT_GRAMS_MAX = 50_000;

/** `1250` → `1.25 kg`. */
export function formatGrams(grams: number): string {
  return `${Number((grams / 1000).toFixed(3))} kg`;
}
