// The three states of what a page shows: loading, failed, there.
import { ref, shallowRef } from 'vue';
import { asApiError, type ApiError } from '@/shared/api_error';
import { session } from './context';
import { goToStart } from './navigation';

/** Loads by `fetch`; what was loaded stays visible while it is loaded again. */
export function useLoad<T>(fetch: () => Promise<T>) {
  const data = shallowRef<T | null>(null);
  const error = shallowRef<ApiError | null>(null);
  const busy = ref(false);

  async function load(): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      data.value = await fetch();
    } catch (thrown) {
      error.value = signInOr(thrown);
    } finally {
      busy.value = false;
      uni.stopPullDownRefresh();
    }
  }
  return { data, error, busy, load };
}

/** The failure to show. Where signing in by itself did not help, the session is over and the person is led to the start page. */
export function signInOr(thrown: unknown): ApiError {
  const error = asApiError(thrown);
  if (error.next === 'sign_in') {
    session.signOut();
    goToStart();
  }
  return error;
}
