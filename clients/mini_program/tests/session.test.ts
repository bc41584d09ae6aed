import { describe, expect, it } from 'vitest';
import { Session, type StoredSession } from '@/shared/session';
import type { Principal } from '@/shared/wire';
import { MemoryStore } from './doubles';

const RESIDENT = { subject: 'households/1/members/1', role: 'ROLE_RESIDENT', household: 'households/1' } as Principal;
const MERCHANT = { subject: 'merchants/m/operators/1', role: 'ROLE_MERCHANT', merchant: 'merchants/m' } as Principal;

function fixture(store = new MemoryStore()) {
  const asked: string[] = [];
  const seen: (StoredSession | null)[] = [];
  let codes = 0;
  const session = new Session({
    store,
    freshCode: async () => `code-${++codes}`,
    createSession: async (code, subject) => {
      asked.push(`${code} ${subject}`);
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

  it('ends', async () => {
    const { session, store } = fixture();
    await session.signIn();
    session.signOut();
    expect(session.token()).toBe('');
    expect(store.values.size).toBe(0);
  });
});
