// Who is signed in. One person may have several principals (a resident who also runs a shop); a session acts as one of them.
import type { TokenSource } from './api_client';
import { ApiError, asApiError } from './api_error';
import type { KeyValueStore } from './transport';
import type { Principal, SessionReply } from './wire';

const STORE_KEY = 'fenfen.session';

export interface StoredSession {
  token: string;
  principal: Principal;
  principals: Principal[];
}

export interface SessionOptions {
  store: KeyValueStore;
  /** A fresh sign-in code without asking the person: wx.login, or the sandbox for the person chosen before. */
  freshCode: () => Promise<string>;
  createSession: (code: string, subject: string, invitation: string) => Promise<SessionReply>;
  /** Called after every change, with the session or null. */
  changed: (session: StoredSession | null) => void;
}

export class Session implements TokenSource {
  private current: StoredSession | null;
  /** At most one silent sign-in at a time, however many calls were refused together. */
  private renewal: Promise<void> | null = null;

  constructor(private readonly options: SessionOptions) {
    this.current = (options.store.get(STORE_KEY) as StoredSession | undefined) ?? null;
    options.changed(this.current);
  }

  token(): string {
    return this.current?.token ?? '';
  }

  /** Signs in as one of the person's principals; the first where `subject` is empty. With an invitation it joins that household first. */
  async signIn(subject = '', invitation = ''): Promise<Principal> {
    const reply = await this.options.createSession(await this.options.freshCode(), subject, invitation);
    this.keep({ token: reply.token, principal: reply.principal, principals: reply.principals });
    return reply.principal;
  }

  renew(): Promise<void> {
    const subject = this.current?.principal.subject;
    if (subject === undefined) {
      return Promise.reject(new ApiError({ status: 401, reason: 'TOKEN_MISSING', zh: '请先登录', en: 'Please sign in' }));
    }
    this.renewal ??= this.signIn(subject)
      .then(
        () => undefined,
        (thrown) => Promise.reject(this.ended(thrown)),
      )
      .finally(() => {
        this.renewal = null;
      });
    return this.renewal;
  }

  signOut(): void {
    this.keep(null);
  }

  /**
   * Why a silent sign-in failed. Trouble on the way leaves the session, to be tried again; a refusal ends it: the person no longer is
   * whom the session acted as, and has to sign in anew.
   */
  private ended(thrown: unknown): ApiError {
    const error = asApiError(thrown);
    if (error.next === 'retry' || error.status < 400) return error;
    this.signOut();
    return new ApiError({ status: 401, reason: 'TOKEN_INVALID', zh: error.text('zh'), en: error.text('en'), traceId: error.traceId });
  }

  private keep(session: StoredSession | null): void {
    this.current = session;
    if (session) this.options.store.set(STORE_KEY, session);
    else this.options.store.remove(STORE_KEY);
    this.options.changed(session);
  }
}
