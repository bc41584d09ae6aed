// What the game's page works out from what the server says. Pure.
import type { MessageKey } from './i18n';
import type { Game, GoalProgress, QuestView, StreakDay } from './wire';

export const QUEST_STATES: Record<QuestView['state'], MessageKey> = {
  STATE_UNSPECIFIED: 'quest.state.open',
  STATE_UPCOMING: 'quest.state.upcoming',
  STATE_OPEN: 'quest.state.open',
  STATE_CLOSING: 'quest.state.closing',
  STATE_REACHED: 'quest.state.reached',
  STATE_AWARDED: 'quest.state.awarded',
  STATE_MISSED: 'quest.state.missed',
};

/** How far it is to the next level, 0 to 100; 100 at the last. Never 100 before. */
export function levelProgress(game: Game): number {
  if (game.next_level_missing === 0) return 100;
  return Math.min(99, Math.floor((game.civic / (game.civic + game.next_level_missing)) * 100));
}

/** How far a goal is, 0 to 100. Never 100 before it is reached. */
export function goalProgress(goal: GoalProgress): number {
  if (goal.reached) return 100;
  return goal.target > 0 ? Math.min(99, Math.floor((Math.max(0, goal.value) / goal.target) * 100)) : 0;
}

/** How a day of the streak is drawn, and said: never by colour alone. */
export function dayLook(day: StreakDay): { tone: string; text: MessageKey } {
  if (day.dropped) return { tone: 'day--dropped', text: 'game.day_dropped' };
  if (day.kept) return { tone: 'day--kept', text: 'game.day_kept' };
  return { tone: 'day--open', text: 'game.day_missed' };
}

/** The latest missed day that a freeze may keep. */
export function dayToKeep(game: Game): StreakDay | undefined {
  return [...game.days].reverse().find((day) => day.can_keep);
}
