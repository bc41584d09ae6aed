// What everybody can read: both languages complete, and enough contrast.
import { describe, expect, it } from 'vitest';
import { CATEGORIES, lookOfRule } from '@/shared/categories';
import { pick, translate } from '@/shared/i18n';
import { en } from '@/shared/messages/en';
import { zh } from '@/shared/messages/zh';

function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** Contrast ratio as in WCAG 2.1, 1 to 21. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe('the languages', () => {
  it('have the same keys, none empty', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    for (const text of [...Object.values(zh), ...Object.values(en)]) expect(text.trim()).not.toBe('');
  });

  it('have the same places to fill', () => {
    const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect(places(en[key]), key).toEqual(places(zh[key]));
  });

  it('fill them', () => {
    expect(translate('zh', 'station_code.next', { seconds: 7 })).toBe('7 秒后更换');
    expect(translate('en', 'station_code.next', { seconds: 7 })).toBe('Changes in 7 s');
  });

  it('fall back to the text that there is', () => {
    expect(pick('en', '厨余', '')).toBe('厨余');
    expect(pick('zh', '', 'food')).toBe('food');
  });
});

describe('the colours', () => {
  it.each(CATEGORIES)('$category is readable', ({ color, tint }) => {
    expect(contrast(color, '#ffffff')).toBeGreaterThanOrEqual(4.5);
    expect(contrast(color, tint)).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ['#ffffff', '#057a43'],
    ['#4a5750', '#ffffff'],
    ['#4a5750', '#f3f6f4'],
    ['#057a43', '#e8f5ee'],
    ['#8a5200', '#fff4e0'],
    ['#b42318', '#fdecea'],
    ['#66726b', '#ffffff'],
    ['#ffffff', '#a35f00'],
  ])('%s on %s is readable', (ink, ground) => {
    expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it('each have an icon and a name of their own', () => {
    for (const key of ['icon', 'name', 'color'] as const) expect(new Set(CATEGORIES.map((look) => look[key])).size).toBe(CATEGORIES.length);
    expect(lookOfRule('food')?.category).toBe('CATEGORY_FOOD');
    expect(lookOfRule('')).toBeUndefined();
  });
});
