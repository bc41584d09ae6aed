// Request ids, one per intent. An intent is named by what it would do (kind and content); while its outcome is open, asking again gives
// the same id, even after the app was closed. So a resident who taps twice, or comes back after a dead spot, never pays twice.
import type { KeyValueStore, NowMs } from './transport';
import { platformRandom, uuid7, type RandomBytes } from './uuid7';

const STORE_KEY = 'fenfen.intents';
/** An outcome still open after a day is looked up in the statement instead of repeated. */
const KEEP_MS = 24 * 3600 * 1000;
const OPEN_MAX = 32;

type Open = Record<string, { id: string; at: number }>;

export class Intents {
  constructor(
    private readonly store: KeyValueStore,
    private readonly now: NowMs,
    private readonly random: RandomBytes = platformRandom,
  ) {}

  /** The id for this intent: the open one, or a new one. */
  idFor(intent: string): string {
    const open = this.load();
    if (open[intent]) return open[intent].id;
    const id = uuid7(this.now(), this.random);
    open[intent] = { id, at: this.now() };
    this.save(open);
    return id;
  }

  /** The outcome is known; the next time is a new intent. */
  settle(intent: string): void {
    const open = this.load();
    delete open[intent];
    this.save(open);
  }

  private load(): Open {
    const kept = (this.store.get(STORE_KEY) ?? {}) as Open;
    const fresh = Object.entries(kept).filter(([, { at }]) => this.now() - at < KEEP_MS);
    return Object.fromEntries(fresh);
  }

  private save(open: Open): void {
    const newest = Object.entries(open).sort(([, a], [, b]) => b.at - a.at).slice(0, OPEN_MAX);
    this.store.set(STORE_KEY, Object.fromEntries(newest));
  }
}
