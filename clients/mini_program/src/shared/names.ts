// Resource names, such as `households/10000001/entries/42`, and what a member's role is called.
import type { MessageKey } from './i18n';
import type { MemberRole } from './wire';

const ROLES: Record<MemberRole, MessageKey> = {
  MEMBER_ROLE_UNSPECIFIED: 'member_role.unknown',
  MEMBER_ROLE_ADULT: 'member_role.adult',
  MEMBER_ROLE_HEAD: 'member_role.head',
  MEMBER_ROLE_MINOR: 'member_role.minor',
  MEMBER_ROLE_ASSISTED: 'member_role.assisted',
};

/** What a member is called; one that this build does not know is just a member. */
export function roleName(role: MemberRole): MessageKey {
  return ROLES[role] ?? ROLES.MEMBER_ROLE_UNSPECIFIED;
}

/** The last segment: `42`. */
export function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The name's first two segments: `households/10000001`. */
export function rootOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}
