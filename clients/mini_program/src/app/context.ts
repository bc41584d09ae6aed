// Puts the parts together: one client, one session, one set of open intents for the whole app.
import { shallowRef } from 'vue';
import { ApiClient } from '@/shared/api_client';
import { FenfenApi } from '@/shared/fenfen_api';
import { Intents } from '@/shared/intents';
import { Session, type StoredSession } from '@/shared/session';
import type { Principal } from '@/shared/wire';
import { API_BASE, uniStore, uniTransport, weChatCode } from './uni_platform';

const client = new ApiClient({
  transport: uniTransport(API_BASE),
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

export const api = new FenfenApi(client, new Intents(uniStore, serverNow));

/** The server's time as far as known, in milliseconds. */
export function serverNow(): number {
  return client.serverNow();
}

const PERSON_KEY = 'fenfen.sandbox.openid';

/** Whom the sandbox signs in from now on. */
export function choosePerson(openid: string): void {
  uniStore.set(PERSON_KEY, openid);
}

function freshCode(): Promise<string> {
  if (process.env.UNI_PLATFORM === 'mp-weixin') return weChatCode();
  return api.sandboxCode(String(uniStore.get(PERSON_KEY) ?? ''));
}

/** The session, or null where nobody is signed in. */
export const signedIn = shallowRef<StoredSession | null>(null);

export const session = new Session({
  store: uniStore,
  freshCode,
  createSession: (code, subject, invitation) => api.createSession(code, subject, invitation),
  changed: (current) => {
    signedIn.value = current;
  },
});
client.useTokens(session);

/** Whom the session acts as. Pages call it after `requireSession`. */
export function principal(): Principal {
  if (!signedIn.value) throw new Error('nobody is signed in');
  return signedIn.value.principal;
}
