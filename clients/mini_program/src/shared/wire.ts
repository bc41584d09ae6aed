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
  | 'ENTRY_KIND_CAPTURE'
  | 'ENTRY_KIND_PENDING_DROP'
  | 'ENTRY_KIND_RELEASE'
  | 'ENTRY_KIND_REJECTION'
  | 'ENTRY_KIND_BAG_ISSUE'
  | 'ENTRY_KIND_EXPIRY'
  | 'ENTRY_KIND_MEMBERSHIP'
  | 'ENTRY_KIND_CARD_CHANGE'
  | 'ENTRY_KIND_MOVE'
  | 'ENTRY_KIND_TRANSFER_OUT'
  | 'ENTRY_KIND_TRANSFER_IN'
  | 'ENTRY_KIND_TRANSFER_BACK'
  | 'ENTRY_KIND_VOUCHER_CANCEL'
  | 'ENTRY_KIND_VOUCHER_EXPIRY'
  | 'ENTRY_KIND_REFUND'
  | 'ENTRY_KIND_REVERSAL'
  | 'ENTRY_KIND_ADJUSTMENT_PROPOSAL'
  | 'ENTRY_KIND_ADJUSTMENT'
  | 'ENTRY_KIND_ADJUSTMENT_DISMISSAL'
  | 'ENTRY_KIND_APPEAL'
  | 'ENTRY_KIND_APPEAL_ANSWER'
  | 'ENTRY_KIND_PREFERENCE'
  | 'ENTRY_KIND_FREEZE'
  | 'ENTRY_KIND_TEAM'
  | 'ENTRY_KIND_AWARD'
  | 'ENTRY_KIND_HOLD'
  | 'ENTRY_KIND_HOLD_END'
  | 'ENTRY_KIND_REINSPECTION';

export type VoucherState =
  | 'STATE_UNSPECIFIED'
  | 'STATE_RESERVED'
  | 'STATE_CAPTURED'
  | 'STATE_EXPIRED'
  | 'STATE_CANCELLED'
  | 'STATE_REFUNDED';

export type MemberRole =
  | 'MEMBER_ROLE_UNSPECIFIED'
  | 'MEMBER_ROLE_ADULT'
  | 'MEMBER_ROLE_HEAD'
  | 'MEMBER_ROLE_MINOR'
  | 'MEMBER_ROLE_ASSISTED';

/** The reasons that a household may give for an appeal; the proto has more. */
export type AppealReason =
  | 'CORRECTION_REASON_WRONG_HOUSEHOLD'
  | 'CORRECTION_REASON_WRONG_WEIGHT'
  | 'CORRECTION_REASON_WRONG_CATEGORY'
  | 'CORRECTION_REASON_DUPLICATE'
  | 'CORRECTION_REASON_DEVICE_FAULT'
  | 'CORRECTION_REASON_MISSED';

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
  role: MemberRole;
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
  close_time?: string;
  /** The text of the QR on the screen, and when the next one is to be asked for; only while reserved. */
  screen_code: string;
  screen_code_end_time?: string;
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

/** An invitation to join the household. */
export interface Invitation {
  code: string;
  role: MemberRole;
  expire_time?: string;
}

/** An appeal against an entry, and what became of it. */
export interface Appeal {
  name: string;
  entry: string;
  state: 'STATE_UNSPECIFIED' | 'STATE_OPEN' | 'STATE_UPHELD' | 'STATE_DECLINED';
  create_time?: string;
  answer_time?: string;
}

export interface StreakDay {
  day: string;
  dropped: boolean;
  kept: boolean;
  can_keep: boolean;
}

export interface Team {
  name: string;
  title: string;
  members: number;
  is_founder: boolean;
}

/** Where a household stands. */
export interface Game {
  civic: number;
  level: number;
  level_title_zh: string;
  level_title_en: string;
  next_level_title_zh: string;
  next_level_title_en: string;
  next_level_missing: number;
  streak_days: number;
  streak_best_days: number;
  dropped_today: boolean;
  days: StreakDay[];
  freezes_left: number;
  hidden: boolean;
  quiet: boolean;
  team?: Team | null;
}

export interface Board {
  name: string;
  title_zh: string;
  title_en: string;
}

export interface BoardSummary {
  board: Board;
  region_display_name: string;
  period: string;
}

export interface Place {
  rank: number;
  name: string;
  region_display_name: string;
  score_zh: string;
  score_en: string;
  is_own: boolean;
}

export interface BoardView {
  board: Board;
  region_display_name: string;
  first_day: string;
  last_day: string;
  closed: boolean;
  closes_on: string;
  places: Place[];
  own?: Place | null;
  around: Place[];
  entrants: number;
  tie_rule_zh: string;
  tie_rule_en: string;
}

export interface GoalProgress {
  text_zh: string;
  text_en: string;
  value: number;
  target: number;
  reached: boolean;
  left_zh: string;
  left_en: string;
}

export interface BadgeView {
  name: string;
  title_zh: string;
  title_en: string;
  goals: GoalProgress[];
  awarded: boolean;
  award_day: string;
  summary_zh: string;
  summary_en: string;
}

export interface QuestView {
  name: string;
  title_zh: string;
  title_en: string;
  state:
    | 'STATE_UNSPECIFIED'
    | 'STATE_UPCOMING'
    | 'STATE_OPEN'
    | 'STATE_CLOSING'
    | 'STATE_REACHED'
    | 'STATE_AWARDED'
    | 'STATE_MISSED';
  steps: GoalProgress[];
  in_order: boolean;
  team_title: string;
  summary_zh: string;
  summary_en: string;
}
