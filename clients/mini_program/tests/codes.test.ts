import { describe, expect, it } from 'vitest';
import { groupVoucherCode, isStationCode, plainVoucherCode, scannedText, voucherQrText } from '@/shared/codes';

const STATION = 'FS1.ST0001.59843510.abcdefghij234567';
const VOUCHER = '0123456789ABCDEFGHJKM';

describe('a scan', () => {
  it('gives the result as it is', () => {
    expect(scannedText({ result: ` ${STATION}\n` })).toBe(STATION);
    expect(scannedText({ result: 'something else' })).toBe('something else');
  });

  it('finds the code in a link', () => {
    expect(scannedText({ result: `https://example.com/?code=${STATION}` })).toBe(STATION);
    expect(scannedText({ result: encodeURIComponent(`x=${STATION}`) })).toBe(STATION);
  });

  it('takes the path of a mini program code where there is no result', () => {
    expect(scannedText({ path: `pages/scan/scan?scene=${encodeURIComponent(STATION)}` })).toBe(STATION);
    expect(scannedText({ result: '', path: `pages/drop/drop?code=${STATION}` })).toBe(STATION);
  });

  it('survives what is not encoded text', () => {
    expect(scannedText({ result: '100%' })).toBe('100%');
    expect(scannedText({ path: 'pages/scan/scan?scene=%E0%A4%A' })).toBe('%E0%A4%A');
    expect(scannedText({})).toBe('');
  });

  it('tells a station code', () => {
    expect(isStationCode(STATION)).toBe(true);
    expect(isStationCode(`${STATION}x`)).toBe(false);
    expect(isStationCode('FS1.ST0001.1.short')).toBe(false);
  });
});

describe('a voucher code', () => {
  it.each([
    '01234-5678-9ABC-DEFG-HJKM',
    '01234 5678 9abc defg hjkm',
    'FV1.0123456789ABCDEFGHJKM',
    'o1234-5678-9abc-defg-hjkm',
    'Oi234-5678-9abc-defg-hjkm',
  ])('typed as %s is the same', (typed) => {
    expect(plainVoucherCode(typed)).toBe(VOUCHER);
  });

  it('is shown in groups', () => {
    expect(groupVoucherCode(VOUCHER)).toBe('01234-5678-9ABC-DEFG-HJKM');
    expect(groupVoucherCode('0123456')).toBe('01234-56');
    expect(groupVoucherCode('')).toBe('');
  });

  it('is marked in the QR', () => {
    expect(voucherQrText('01234-5678-9ABC-DEFG-HJKM')).toBe(`FV1.${VOUCHER}`);
  });
});
