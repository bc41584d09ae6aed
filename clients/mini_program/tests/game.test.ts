// What the game's page works out, and the code that changes.
import { describe, expect, it } from 'vitest';
import { secondsLeft, shareLeft, standOfCode } from '@/shared/changing_code';
import { QUEST_STATES, dayLook, dayToKeep, goalProgress, levelProgress } from '@/shared/game';
import { zh } from '@/shared/messages/zh';
import { roleName } from '@/shared/names';
import type { Game, GoalProgress, MemberRole, StreakDay } from '@/shared/wire';

function day(text: string, what: Partial<StreakDay> = {}): StreakDay {
  return { day: text, dropped: false, kept: false, can_keep: false, ...what };
}
function game(what: Partial<Game>): Game {
  return { days: [], civic: 0, next_level_missing: 0, ...what } as Game;
}
function goal(value: number, target: number, reached = value >= target): GoalProgress {
  return { value, target, reached } as GoalProgress;
}

describe('the way to the next level', () => {
  it('is full at the last one alone', () => {
    expect(levelProgress(game({ civic: 500, next_level_missing: 0 }))).toBe(100);
    expect(levelProgress(game({ civic: 99_999, next_level_missing: 1 }))).toBe(99);
    expect(levelProgress(game({ civic: 0, next_level_missing: 300 }))).toBe(0);
    expect(levelProgress(game({ civic: 150, next_level_missing: 150 }))).toBe(50);
  });
});

describe('a goal', () => {
  it('is full once it is reached, and not before', () => {
    expect(goalProgress(goal(2, 3))).toBe(66);
    expect(goalProgress(goal(999_999, 1_000_000))).toBe(99);
    expect(goalProgress(goal(0, 3, true))).toBe(100);
    expect(goalProgress(goal(-5, 3))).toBe(0);
    expect(goalProgress(goal(0, 0, false))).toBe(0);
  });
});

describe('a streak', () => {
  it('offers the latest missed day that a freeze may keep', () => {
    const days = [
      day('2026-06-12', { can_keep: true }), day('2026-06-13', { dropped: true }), day('2026-06-14', { can_keep: true }), day('2026-06-15'),
    ];
    expect(dayToKeep(game({ days }))?.day).toBe('2026-06-14');
    expect(dayToKeep(game({ days: [day('2026-06-15')] }))).toBeUndefined();
  });

  it('tells its days apart in words, too', () => {
    const looks = [day('a', { dropped: true }), day('b', { kept: true }), day('c')].map(dayLook);
    expect(new Set(looks.map((look) => look.tone)).size).toBe(3);
    expect(new Set(looks.map((look) => zh[look.text])).size).toBe(3);
  });
});

describe('states and roles', () => {
  it('have words', () => {
    for (const key of Object.values(QUEST_STATES)) expect(zh[key]).toBeTruthy();
    expect(zh[roleName('MEMBER_ROLE_HEAD')]).toBe('户主');
    expect(roleName('MEMBER_ROLE_NEW' as MemberRole)).toBe('member_role.unknown');
  });
});

describe('a code that changes', () => {
  const end = 1_000_000;
  it.each([
    [end - 30_000, 'fresh', 30, 100],
    [end - 1, 'fresh', 1, 0],
    [end, 'late', 0, 0],
    [end + 29_999, 'late', 0, 0],
    [end + 30_000, 'lapsed', 0, 0],
  ])('at %i is %s', (now, stand, seconds, share) => {
    expect(standOfCode(end, now)).toBe(stand);
    expect(secondsLeft(end, now)).toBe(seconds);
    expect(shareLeft(end, now)).toBe(share);
  });

  it('without an end is none', () => {
    expect(standOfCode(Number.NaN, end)).toBe('lapsed');
    expect(secondsLeft(Number.NaN, end)).toBe(0);
    expect(shareLeft(Number.NaN, end)).toBe(0);
  });
});
