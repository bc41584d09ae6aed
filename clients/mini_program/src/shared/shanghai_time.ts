// Times for people, always in the programme's time zone, whatever zone the phone is in. Asia/Shanghai has been UTC+8 without
// daylight saving since 1991, so plain arithmetic is exact; Intl is absent from some mini program engines.
import type { Locale } from './i18n';

const OFFSET_MS = 8 * 3600 * 1000;
const MONTHS_EN = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (n: number) => String(n).padStart(2, '0');

/** Milliseconds since 1970 UTC of an RFC 3339 time with any fraction, or NaN. */
export function parseTime(text: string | undefined): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text ?? '');
  if (!match) return NaN;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second, Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3)));
}

/** YYYY-MM-DD of an instant, in Shanghai. */
export function shanghaiDay(ms: number): string {
  const d = new Date(ms + OFFSET_MS);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** HH:MM of an instant, in Shanghai. */
export function shanghaiClock(ms: number): string {
  const d = new Date(ms + OFFSET_MS);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** YYYY-MM-DD → `3月31日`, `Mar 31`, with the year where it is not that of `nowMs`. */
export function formatDay(day: string, locale: Locale, nowMs: number): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (!match) return '—';
  const [year, month, date] = match.slice(1).map(Number);
  const sameYear = match[1] === shanghaiDay(nowMs).slice(0, 4);
  if (locale === 'zh') return `${sameYear ? '' : `${year}年`}${month}月${date}日`;
  return `${MONTHS_EN[month - 1] ?? ''} ${date}${sameYear ? '' : `, ${year}`}`;
}

/** `今天 18:05`, `昨天 07:40`, else day and clock; `—` where there is no time. */
export function formatTime(text: string | undefined, locale: Locale, nowMs: number): string {
  const ms = parseTime(text);
  if (Number.isNaN(ms)) return '—';
  const day = shanghaiDay(ms);
  const clock = shanghaiClock(ms);
  if (day === shanghaiDay(nowMs)) return `${locale === 'zh' ? '今天' : 'Today'} ${clock}`;
  if (day === shanghaiDay(nowMs - 24 * 3600 * 1000)) return `${locale === 'zh' ? '昨天' : 'Yesterday'} ${clock}`;
  return `${formatDay(day, locale, nowMs)} ${clock}`;
}

/**
 * The last moment before an instant at which something ends. What ends at midnight is good for the whole day before, and saying
 * "until 23 December 00:00" would mislead: that day is given alone.
 */
export function formatDeadline(text: string | undefined, locale: Locale, nowMs: number): string {
  const ms = parseTime(text);
  if (Number.isNaN(ms)) return '—';
  return shanghaiClock(ms) === '00:00' ? formatDay(shanghaiDay(ms - 1), locale, nowMs) : formatTime(text, locale, nowMs);
}

/** Day, clock and seconds, for staff: `2026-03-31 18:05:09`. */
export function formatExact(text: string | undefined): string {
  const ms = parseTime(text);
  if (Number.isNaN(ms)) return '—';
  const seconds = two(new Date(ms).getUTCSeconds());
  return `${shanghaiDay(ms)} ${shanghaiClock(ms)}:${seconds}`;
}

/** Whole days from today until `day` (YYYY-MM-DD), in Shanghai; negative once it is past. */
export function daysUntil(day: string, nowMs: number): number {
  return Math.round((Date.parse(`${day}T00:00:00Z`) - Date.parse(`${shanghaiDay(nowMs)}T00:00:00Z`)) / 86_400_000);
}
