// A failed call in the words to show, and what the person or the program can do next. The sentences come from the server's error table
// (proto/fenfen/v1/reason.proto); only what never reached a server has sentences here.
import { pick, translate, type Locale } from './i18n';

/** What helps after a failure. */
export type NextStep =
  /** The same call with the same request id may succeed later. */
  | 'retry'
  /** Sign in again. */
  | 'sign_in'
  /** Scan a newer code. */
  | 'rescan'
  /** Correct what was typed. */
  | 'correct'
  /** Nothing here. */
  | 'none';

const NEXT_STEPS: Record<string, NextStep> = {
  REQUEST_TIMEOUT: 'retry',
  WECHAT_UNAVAILABLE: 'retry',
  RATE_LIMITED: 'retry',
  OVERLOADED: 'retry',
  STORAGE_FULL: 'retry',
  JOURNAL_FAILED: 'retry',
  SHUTTING_DOWN: 'retry',
  SERVER_UNREACHABLE: 'retry',
  OUTCOME_UNKNOWN: 'retry',
  STORE_UNAVAILABLE: 'retry',
  UNSPECIFIED: 'retry',
  TOKEN_MISSING: 'sign_in',
  TOKEN_EXPIRED: 'sign_in',
  TOKEN_WRONG_AUDIENCE: 'sign_in',
  TOKEN_UNSIGNED: 'sign_in',
  TOKEN_INVALID: 'sign_in',
  SIGN_IN_CODE_INVALID: 'sign_in',
  STATION_CODE_UNKNOWN: 'rescan',
  STATION_CODE_EXPIRED: 'rescan',
  STATION_CODE_USED: 'rescan',
  FIELD_MALFORMED: 'correct',
  FIELD_MISSING: 'correct',
  FIELD_TOO_LONG: 'correct',
  WEIGHT_NOT_A_NUMBER: 'correct',
  WEIGHT_NOT_POSITIVE: 'correct',
  WEIGHT_TOO_LARGE: 'correct',
  CATEGORY_UNKNOWN: 'correct',
  HOUSEHOLD_UNKNOWN: 'correct',
  VOUCHER_UNKNOWN: 'correct',
};

/** Worth trying again at once, without asking: the trouble is short, and the request id makes a repeat harmless. */
const SHORT_TROUBLE = new Set([
  'OVERLOADED',
  'SHUTTING_DOWN',
  'SERVER_UNREACHABLE',
  'STORE_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'REQUEST_TIMEOUT',
]);

interface Details {
  /** HTTP status; 0 where no reply came. */
  status: number;
  /** Stable name from the error table, or NETWORK or MALFORMED_REPLY where there was none. */
  reason: string;
  zh?: string;
  en?: string;
  field?: string;
  /** The server's id of the HTTP request, for its log. */
  traceId?: string;
  retryAfterMs?: number;
}

export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly field: string;
  readonly traceId: string;
  readonly retryAfterMs: number;
  private readonly zh: string;
  private readonly en: string;

  constructor(details: Details) {
    super(details.en || details.reason);
    this.name = 'ApiError';
    this.status = details.status;
    this.reason = details.reason;
    this.field = details.field ?? '';
    this.traceId = details.traceId ?? '';
    this.retryAfterMs = details.retryAfterMs ?? 0;
    this.zh = details.zh ?? '';
    this.en = details.en ?? '';
  }

  /** The sentence to show. */
  text(locale: Locale): string {
    const sentence = pick(locale, this.zh, this.en);
    if (sentence) return sentence;
    return translate(locale, this.reason === 'NETWORK' ? 'error.network' : 'error.unreadable');
  }

  get next(): NextStep {
    if (this.reason === 'NETWORK' || this.status >= 500) return NEXT_STEPS[this.reason] ?? 'retry';
    return NEXT_STEPS[this.reason] ?? 'none';
  }

  /** True where the change may or may not have been made; a repeat must use the same request id. */
  get outcomeOpen(): boolean {
    return this.next === 'retry' || this.next === 'sign_in';
  }

  get shortTrouble(): boolean {
    return this.reason === 'NETWORK' || SHORT_TROUBLE.has(this.reason) || (this.reason === 'MALFORMED_REPLY' && this.status >= 502);
  }
}

/** Any thrown thing as an ApiError; what is not one is our own bug and shown as such. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError({ status: 0, reason: 'CLIENT_BUG', en: String(thrown), zh: translate('zh', 'error.client') });
}
