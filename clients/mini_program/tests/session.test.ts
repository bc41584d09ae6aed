import { describe, expect, it } from 'vitest';
import { ApiError, asApiError } from '@/shared/api_error';
import { Session, type StoredSession } from '@/shared/session';
import type { Principal } from '@/shared/wire';
import { MemoryStore } from './doubles';

const RESIDENT = { subject: 'households/1/members/1', role: 'ROLE_RESIDENT', household: 'households/1' } as Principal;
const MERCHANT = { subject: 'merchants/m/operators/1', role: 'ROLE_MERCHANT', merchant: 'merchants/m' } as Principal;

function fixture(store = new MemoryStore(), failure: (attempt: number) => ApiError | undefined = () => undefined) {
  const asked: string[] = [];
  const seen: (StoredSession | null)[] = [];
  let codes = 0;
  const session = new Session({
    store,
    freshCode: async () => `code-${++codes}`,
    createSession: async (code, subject) => {
      asked.push(`${code} ${subject}`);
      const refused = failure(asked.length);
      if (refused) throw refused;
      const principal = subject === MERCHANT.subject ? MERCHANT : RESIDENT;
      return { token: `token of ${code}`, expires_in: 7200, principal, principals: [RESIDENT, MERCHANT] };
    },
    changed: (current) => seen.push(current),
  });
  return { session, asked, seen, store };
}

describe('a session', () => {
  it('is kept over a restart', async () => {
    const first = fixture();
    await first.session.signIn();
    expect(fixture(first.store).session.token()).toBe('token of code-1');
  });

  it('is renewed once however many calls were refused together, as the same principal', async () => {
    const { session, asked } = fixture();
    await session.signIn(MERCHANT.subject);
    await Promise.all([session.renew(), session.renew(), session.renew()]);
    expect(asked).toEqual([`code-1 ${MERCHANT.subject}`, `code-2 ${MERCHANT.subject}`]);
    await session.renew();
    expect(asked).toHaveLength(3);
  });

  it('changes to another principal of the person', async () => {
    const { session, seen } = fixture();
    await session.signIn();
    await session.signIn(MERCHANT.subject);
    expect(seen.map((s) => s?.principal.role)).toEqual([undefined, 'ROLE_RESIDENT', 'ROLE_MERCHANT']);
  });

  it('cannot be renewed where nobody signed in', async () => {
    await expect(fixture().session.renew()).rejects.toMatchObject({ reason: 'TOKEN_MISSING' });
  });

  it('outlives trouble on the way to a renewal, and ends where the renewal is refused', async () => {
    const refusals = [
      new ApiError({ status: 503, reason: 'WECHAT_UNAVAILABLE' }),
      new ApiError({ status: 404, reason: 'PERSON_UNKNOWN', zh: '没有登记' }),
    ];
    const { session } = fixture(undefined, (attempt) => (attempt > 1 ? refusals.shift() : undefined));
    await session.signIn();
    await expect(session.renew()).rejects.toMatchObject({ reason: 'WECHAT_UNAVAILABLE' });
    expect(session.token()).not.toBe('');
    const refused = await session.renew().catch((thrown: unknown) => asApiError(thrown));
    expect(refused).toMatchObject({ reason: 'TOKEN_INVALID', next: 'sign_in' });
    expect((refused as ApiError).text('zh')).toBe('没有登记');
    expect(session.token()).toBe('');
  });

  it('ends', async () => {
    const { session, store } = fixture();
    await session.signIn();
    session.signOut();
    expect(session.token()).toBe('');
    expect(store.values.size).toBe(0);
  });
});
