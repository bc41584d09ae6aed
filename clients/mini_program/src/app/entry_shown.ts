// The entry that a person opened from a list: there is no request for a single one, and the list has all of it.
import { shallowRef } from 'vue';
import type { Entry } from '@/shared/wire';
import { open } from './navigation';

export const entryShown = shallowRef<Entry | null>(null);

export function openEntry(entry: Entry): void {
  entryShown.value = entry;
  open('entry');
}
