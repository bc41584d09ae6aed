// The JSON of fenfen.v1 as the bridge speaks it: proto field names, enums by name, times in RFC 3339, amounts in hundredths of a point.
// Only what the clients read is declared. The protos are the authority; see proto/fenfen/v1.

export type Role =
  | 'ROLE_RESIDENT'
  | 'ROLE_ATTENDANT'
  | 'ROLE_MERCHANT'
  | 'ROLE_STAFF'
  | 'ROLE_AUDITOR';

export type Category = 'CATEGORY_FOOD' | 'CATEGORY_RECYCLABLE' | 'CATEGORY_HAZARDOUS' | 'CATEGORY_RESIDUAL';

export type EntryKind =
  | 'ENTRY_KIND_UNSPECIFIED'
  | 'ENTRY_KIND_ENROLMENT'
  | 'ENTRY_KIND_DROP'
  | 'ENTRY_KIND_RESERVATION'
  | 'ENTRY_KIND_CAPTURE';

export type VoucherState = 'STATE_UNSPECIFIED' | 'STATE_RESERVED' | 'STATE_CAPTURED' | 'STATE_EXPIRED';

/** One thing a person may act as. */
export interface Principal {
  subject: string;
  role: Role;
  household: string;
  merchant: string;
  region: string;
  display_name: string;
}

/** The reply of POST /v1/sessions. `expires_in` is in seconds. */
export interface SessionReply {
  token: string;
  expires_in: number;
  principal: Principal;
  principals: Principal[];
}

/** Points that expire together, at the end of `expires_on` (YYYY-MM-DD, Asia/Shanghai). */
export interface Lot {
  amount: number;
  expires_on: string;
}

export interface Balance {
  reward: number;
  held: number;
  civic: number;
  lots: Lot[];
  earned_today: number;
}

/** One line of a statement: what changed, what was left, and why. */
export interface Entry {
  name: string;
  kind: EntryKind;
  event_time: string;
  record_time: string;
  reward: number;
  civic: number;
  reward_after: number;
  civic_after: number;
  reason_zh: string;
  reason_en: string;
  rule: string;
  rule_version: number;
  member: string;
  station: string;
  station_display_name: string;
  voucher: string;
}

export interface Posting {
  account: string;
  asset: 'ASSET_REWARD' | 'ASSET_CIVIC' | 'ASSET_UNSPECIFIED';
  amount: number;
}

export interface EntryTrace {
  entry: Entry;
  postings: Posting[];
  actor: string;
  request_key: string;
  partition: number;
  sequence: number;
  journal_segment: string;
  journal_offset: number;
  journal_crc32c: string;
  facts: Record<string, string>;
}

export interface Member {
  name: string;
  has_wechat: boolean;
}

export interface Household {
  name: string;
  region: string;
  region_display_name: string;
  members: Member[];
  create_time?: string;
}

export interface Offer {
  name: string;
  title_zh: string;
  title_en: string;
  price: number;
  merchant: string;
  merchant_display_name: string;
  voucher_days: number;
  withdrawn: boolean;
}

export interface Voucher {
  name: string;
  offer: string;
  title_zh: string;
  title_en: string;
  price: number;
  state: VoucherState;
  code: string;
  merchant: string;
  merchant_display_name: string;
  reserve_time?: string;
  expire_time?: string;
  capture_time?: string;
}

export interface Capture {
  name: string;
  offer: string;
  title_zh: string;
  title_en: string;
  amount: number;
  capture_time: string;
  operator: string;
}

/** A merchant's captures of one day; the count and the sum are of the whole day, not of the page. */
export interface CapturesPage {
  captures: Capture[];
  next_page_token: string;
  day_count: number;
  day_amount: number;
}

export interface EntriesPage {
  entries: Entry[];
  next_page_token: string;
  /** On the last page, where older entries lie in the archive: a sentence that says so. */
  archived_zh: string;
  archived_en: string;
}

export interface Region {
  name: string;
  display_name: string;
  level: string;
  parent: string;
}

export interface Station {
  name: string;
  display_name: string;
  region: string;
}

export interface StationCode {
  code: string;
  next_code_time?: string;
  station_display_name: string;
}

/** A person of the sandbox that stands in for WeChat in demonstrations. */
export interface SandboxPerson {
  openid: string;
  label: string;
}
