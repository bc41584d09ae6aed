// Where things are, and how to get there.
import { onShow } from '@dcloudio/uni-app';
import { watch } from 'vue';
import type { MessageKey } from '@/shared/i18n';
import type { Role } from '@/shared/wire';
import { signedIn } from './context';
import { t } from './preferences';

const HOMES: Record<Role, string> = {
  ROLE_RESIDENT: '/pages/home/home',
  ROLE_MERCHANT: '/pages/merchant/merchant',
  ROLE_STAFF: '/pages/staff/staff',
  ROLE_AUDITOR: '/pages/staff/staff',
  ROLE_ATTENDANT: '/pages/staff/staff',
};

export const ROLE_NAMES: Record<Role, MessageKey> = {
  ROLE_RESIDENT: 'role.resident',
  ROLE_MERCHANT: 'role.merchant',
  ROLE_STAFF: 'role.staff',
  ROLE_AUDITOR: 'role.auditor',
  ROLE_ATTENDANT: 'role.attendant',
};

export const ROLE_ICONS: Record<Role, string> = {
  ROLE_RESIDENT: 'home',
  ROLE_MERCHANT: 'shop',
  ROLE_STAFF: 'usergroup',
  ROLE_AUDITOR: 'search',
  ROLE_ATTENDANT: 'user-safety',
};

export function open(page: string, values: Record<string, string> = {}): void {
  uni.navigateTo({ url: `/pages/${page}/${page}${queryOf(values)}` });
}

/** As `open`, in the place of the page that is shown. */
export function replaceBy(page: string, values: Record<string, string> = {}): void {
  uni.redirectTo({ url: `/pages/${page}/${page}${queryOf(values)}` });
}

function queryOf(values: Record<string, string>): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return pairs.length ? `?${pairs.join('&')}` : '';
}

/** The value of a page's query as it was given to `open`. Some platforms decode it before, some do not. */
export function queryValue(query: Record<string, string | undefined> | undefined, key: string): string {
  const value = query?.[key] ?? '';
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

export function goHome(): void {
  const role = signedIn.value?.principal.role;
  uni.reLaunch({ url: role ? HOMES[role] : '/pages/start/start' });
}

export function goToStart(): void {
  uni.reLaunch({ url: '/pages/start/start' });
}

/** True if somebody is signed in in one of these roles; otherwise goes where they belong. */
export function requireSession(...roles: Role[]): boolean {
  const role = signedIn.value?.principal.role;
  if (role && (roles.length === 0 || roles.includes(role))) return true;
  goHome();
  return false;
}

/** Keeps the title of the page's bar in the chosen language. */
export function useTitle(key: MessageKey | (() => MessageKey)): void {
  const title = () => t(typeof key === 'function' ? key() : key);
  // It fails on a page that is being left; then there is no title to set.
  const show = () => uni.setNavigationBarTitle({ title: title(), fail: () => undefined });
  onShow(show);
  watch(title, show);
}
