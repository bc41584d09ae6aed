import { describe, expect, it } from 'vitest';
import { Intents } from '@/shared/intents';
import { uuid7 } from '@/shared/uuid7';
import { MemoryStore } from './doubles';

const HOUR = 3_600_000;

describe('a UUIDv7', () => {
  it('matches the example of RFC 9562', () => {
    // Appendix A.6: 2022-02-22 19:22:22.000 UTC, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    const random = (bytes: Uint8Array) => bytes.set([0, 0, 0, 0, 0, 0, 0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(uuid7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('is never given twice', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => uuid7(1_700_000_000_000)));
    expect(ids.size).toBe(10_000);
  });
});

describe('an intent', () => {
  it('keeps its id until its outcome is known', () => {
    const intents = new Intents(new MemoryStore(), () => 1_700_000_000_000);
    const id = intents.idFor('drop a');
    expect(intents.idFor('drop a')).toBe(id);
    expect(intents.idFor('drop b')).not.toBe(id);
    intents.settle('drop a');
    expect(intents.idFor('drop a')).not.toBe(id);
  });

  it('survives a restart of the app, for a day', () => {
    const store = new MemoryStore();
    let now = 1_700_000_000_000;
    const id = new Intents(store, () => now).idFor('reserve');
    now += 23 * HOUR;
    expect(new Intents(store, () => now).idFor('reserve')).toBe(id);
    now += HOUR;
    expect(new Intents(store, () => now).idFor('reserve')).not.toBe(id);
  });

  it('is one of a bounded number: the oldest go', () => {
    let now = 1_700_000_000_000;
    const intents = new Intents(new MemoryStore(), () => now);
    const first = intents.idFor('intent 0');
    for (let i = 1; i <= 32; i++) {
      now++;
      intents.idFor(`intent ${i}`);
    }
    expect(intents.idFor('intent 0')).not.toBe(first);
  });
});
