// A code that changes: how long it is good for, and when the next one is to be asked for. Times are the server's, in milliseconds.

/** How long one is on the screen. */
const STEP_MS = 30_000;
/** The server takes a code for one step more than it is shown. */
const GRACE_MS = 30_000;

export type CodeStand = 'fresh' | 'late' | 'lapsed';

/** `fresh` up to its end; `late` while the server still takes it and no newer one came; `lapsed` once it takes it no more. */
export function standOfCode(endMs: number, nowMs: number): CodeStand {
  if (!(nowMs < endMs + GRACE_MS)) return 'lapsed';
  return nowMs < endMs ? 'fresh' : 'late';
}

/** Whole seconds until the next one, 0 where it is due. */
export function secondsLeft(endMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((endMs - nowMs) / 1000)) || 0;
}

/** What is left of its time, 0 to 100. */
export function shareLeft(endMs: number, nowMs: number): number {
  return Math.max(0, Math.min(100, Math.round(((endMs - nowMs) / STEP_MS) * 100))) || 0;
}
