// Chinese and English sentences, looked up by key. Chinese is the original; English has the same keys, which the type checker enforces.
import { en } from './messages/en';
import { zh } from './messages/zh';

export type Locale = 'zh' | 'en';
export type MessageKey = keyof typeof zh;
export type Messages = Record<MessageKey, string>;

const MESSAGES: Record<Locale, Messages> = { zh, en };

/** The sentence, with `{name}` filled from `values`. */
export function translate(locale: Locale, key: MessageKey, values: Record<string, string | number> = {}): string {
  return MESSAGES[locale][key].replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The one of two texts that fits the locale, or the other where it is empty. */
export function pick(locale: Locale, zhText: string, enText: string): string {
  return locale === 'zh' ? zhText || enText : enText || zhText;
}
