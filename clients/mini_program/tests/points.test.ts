import { describe, expect, it } from 'vitest';
import { formatChange, formatGrams, formatPoints, parseKilograms } from '@/shared/points';

describe('points', () => {
  it.each([
    [0, '0'],
    [1, '0.01'],
    [150, '1.5'],
    [100, '1'],
    [-3805, '−38.05'],
    [123450, '1,234.5'],
    [9007199254740991, '90,071,992,547,409.91'],
  ])('%d hundredths read %s', (hundredths, text) => {
    expect(formatPoints(hundredths)).toBe(text);
  });

  it('says what was earned with a plus', () => {
    expect(formatChange(160)).toBe('+1.6');
    expect(formatChange(0)).toBe('0');
    expect(formatChange(-100)).toBe('−1');
  });

  it('does not show what is not an amount', () => {
    expect(formatPoints(1.5)).toBe('—');
    expect(formatPoints(Number.NaN)).toBe('—');
    expect(formatPoints(2 ** 53)).toBe('—');
  });
});

describe('weights', () => {
  it.each([
    ['0.8', 800],
    [' 1.25 ', 1250],
    ['50', 50000],
    ['.', null],
    ['０．８', 800],
    ['1。5', 1500],
    ['0.001', 1],
  ])('%s kg', (text, grams) => {
    expect(parseKilograms(text)).toEqual(grams === null ? { error: 'not_a_number' } : { grams });
  });

  it('takes nothing as not weighed', () => {
    expect(parseKilograms('  ')).toEqual({ grams: null });
  });

  it.each([
    ['abc', 'not_a_number'],
    ['1e3', 'not_a_number'],
    ['0.0005', 'not_a_number'],
    ['0', 'not_positive'],
    ['-2', 'not_positive'],
    ['50.001', 'too_large'],
    ['999999999', 'too_large'],
  ])('refuses %s as %s', (text, error) => {
    expect(parseKilograms(text)).toEqual({ error });
  });

  it('shows grams as kilograms', () => {
    expect(formatGrams(800)).toBe('0.8 kg');
    expect(formatGrams(1250)).toBe('1.25 kg');
  });
});
