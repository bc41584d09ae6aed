// What a person chose for this phone: language and text size. Kept over restarts.
import { computed, reactive } from 'vue';
// #ifdef H5
import { watchEffect } from 'vue';
// #endif
import { translate, type Locale, type MessageKey } from '@/shared/i18n';
import { uniStore } from './uni_platform';

const STORE_KEY = 'fenfen.preferences';
/** WeChat's font size setting in px from which the large view is the default; its own standard is 16 or 17. */
const SYSTEM_LARGE_PX = 20;

// A browser has no such setting and scales the page itself.
function systemPrefersLarge(): boolean {
  const info = uni.getAppBaseInfo() as { fontSizeSetting?: number };
  return (info.fontSizeSetting ?? 0) >= SYSTEM_LARGE_PX;
}

interface Preferences {
  locale: Locale;
  large: boolean;
}

const kept = uniStore.get(STORE_KEY) as Partial<Preferences> | undefined;

export const preferences = reactive<Preferences>({
  locale: kept?.locale === 'en' ? 'en' : 'zh',
  large: kept?.large ?? systemPrefersLarge(),
});

function keep(): void {
  uniStore.set(STORE_KEY, { ...preferences });
}

// #ifdef H5
watchEffect(() => {
  document.documentElement.lang = preferences.locale === 'zh' ? 'zh-CN' : 'en';
});
// #endif

export function toggleLocale(): void {
  preferences.locale = preferences.locale === 'zh' ? 'en' : 'zh';
  keep();
}

export function toggleLarge(): void {
  preferences.large = !preferences.large;
  keep();
}

/** The class of every page's outermost view. */
export const pageClass = computed(() => `page${preferences.large ? ' page--large' : ''}`);

/** The sentence in the chosen language. */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  return translate(preferences.locale, key, values);
}
