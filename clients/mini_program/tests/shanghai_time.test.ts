import { describe, expect, it } from 'vitest';
import { daysUntil, formatDay, formatDeadline, formatExact, formatTime, parseTime, shanghaiDay } from '@/shared/shanghai_time';

const NOW = Date.parse('2026-11-22T04:00:00Z'); // noon in Shanghai

describe('Shanghai time', () => {
  it('turns the day at 16:00 UTC', () => {
    expect(shanghaiDay(Date.parse('2026-11-21T15:59:59.999Z'))).toBe('2026-11-21');
    expect(shanghaiDay(Date.parse('2026-11-21T16:00:00Z'))).toBe('2026-11-22');
  });

  it.each([
    ['2026-11-21T16:00:00Z', '今天 00:00', 'Today 00:00'],
    ['2026-11-21T15:59:00Z', '昨天 23:59', 'Yesterday 23:59'],
    ['2026-10-01T00:05:00.123456Z', '10月1日 08:05', 'Oct 1 08:05'],
    ['2025-12-31T15:00:00Z', '2025年12月31日 23:00', 'Dec 31, 2025 23:00'],
  ])('%s', (time, zh, en) => {
    expect(formatTime(time, 'zh', NOW)).toBe(zh);
    expect(formatTime(time, 'en', NOW)).toBe(en);
  });

  it('reads every fraction that a timestamp may have', () => {
    expect(parseTime('2026-01-01T00:00:00.5Z')).toBe(Date.UTC(2026, 0, 1, 0, 0, 0, 500));
    expect(parseTime('2026-01-01T00:00:00.123456789Z')).toBe(Date.UTC(2026, 0, 1, 0, 0, 0, 123));
  });

  it('shows a dash where there is no time', () => {
    expect(formatTime(undefined, 'zh', NOW)).toBe('—');
    expect(formatExact('yesterday')).toBe('—');
    expect(formatDay('2026-1-1', 'zh', NOW)).toBe('—');
  });

  it('counts days to an expiry day', () => {
    expect(daysUntil('2026-11-22', NOW)).toBe(0);
    expect(daysUntil('2027-03-31', NOW)).toBe(129);
    expect(daysUntil('2026-11-21', NOW)).toBe(-1);
  });

  it('gives the whole last day of what ends at midnight', () => {
    expect(formatDeadline('2026-12-22T16:00:00Z', 'zh', NOW)).toBe('12月22日');
    expect(formatDeadline('2026-12-22T16:00:00Z', 'en', NOW)).toBe('Dec 22');
    expect(formatDeadline('2026-12-22T02:30:00Z', 'zh', NOW)).toBe('12月22日 10:30');
    expect(formatDeadline(undefined, 'zh', NOW)).toBe('—');
  });

  it('gives staff seconds', () => {
    expect(formatExact('2026-11-21T23:07:09Z')).toBe('2026-11-22 07:07:09');
  });
});
