// Debian's absl is not instrumented, so ThreadSanitizer does not see its locks and takes what they guard for races. The linker leads our
// calls of absl's synchronisation through here (--wrap, see the top CMakeLists.txt), where each tells the sanitizer what it orders:
// whoever takes a lock sees all that was done before it was let go. The names are mangled as the linker knows them.
extern "C" {

void __tsan_acquire(void* address);
void __tsan_release(void* address);
// From here to there the thread's reads are not looked at.
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);

// absl keeps a graph of who waits for whom, behind a lock of its own that is not seen either.
const char* __tsan_default_suppressions() {
  return "race:synchronization_internal::GraphCycles\n"
         // A Status counts its copies inside of absl, where nobody sees that the last one comes after all others were read.
         "race:Status::Unref\nrace:status_internal::Payload\n";
}

// Whoever waits for, takes or lets go a lock may look at any waiter's Condition meanwhile. absl has the lock whenever it does, but the
// sanitizer has been told that we have not, or not yet.
struct IgnoreReads {
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// A call that takes (or waits for) what `self` guards, after the real one.
#define FENFEN_ACQUIRES(name)       \
  void __real_##name(void* self);   \
  void __wrap_##name(void* self) {  \
    {                               \
      const IgnoreReads conditions; \
      __real_##name(self);          \
    }                               \
    __tsan_acquire(self);           \
  }
// A call that lets it go, before the real one.
#define FENFEN_RELEASES(name)      \
  void __real_##name(void* self);  \
  void __wrap_##name(void* self) { \
    __tsan_release(self);          \
    const IgnoreReads conditions;  \
    __real_##name(self);           \
  }

FENFEN_ACQUIRES(_ZN4absl7debian35Mutex4LockEv)
FENFEN_ACQUIRES(_ZN4absl7debian35Mutex10ReaderLockEv)
FENFEN_RELEASES(_ZN4absl7debian35Mutex6UnlockEv)
FENFEN_RELEASES(_ZN4absl7debian35Mutex12ReaderUnlockEv)
FENFEN_RELEASES(_ZN4absl7debian312Notification6NotifyEv)
FENFEN_ACQUIRES(_ZNK4absl7debian312Notification19WaitForNotificationEv)
FENFEN_ACQUIRES(_ZN4absl7debian315BlockingCounter4WaitEv)

bool __real__ZN4absl7debian315BlockingCounter14DecrementCountEv(void* self);
bool __wrap__ZN4absl7debian315BlockingCounter14DecrementCountEv(void* self) {
  __tsan_release(self);
  return __real__ZN4absl7debian315BlockingCounter14DecrementCountEv(self);
}

// Conditions are looked at, and waited for, with the lock given back meanwhile.
void __real__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(void* self, void* mutex);
void __wrap__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(void* self, void* mutex) {
  __tsan_release(mutex);
  {
    const IgnoreReads conditions;
    __real__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(self, mutex);
  }
  __tsan_acquire(mutex);
}
struct Duration {  // as absl's Duration and Time are passed: twelve bytes in two registers
  long high;
  unsigned low;
};
bool __real__ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE(void* self, void* mutex, Duration timeout);
bool __wrap__ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE(void* self, void* mutex, Duration timeout) {
  __tsan_release(mutex);
  bool timed_out = false;
  {
    const IgnoreReads conditions;
    timed_out = __real__ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE(self, mutex, timeout);
  }
  __tsan_acquire(mutex);
  return timed_out;
}
bool __real__ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE(void* self, void* mutex, Duration deadline);
bool __wrap__ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE(void* self, void* mutex, Duration deadline) {
  __tsan_release(mutex);
  bool timed_out = false;
  {
    const IgnoreReads conditions;
    timed_out = __real__ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE(self, mutex, deadline);
  }
  __tsan_acquire(mutex);
  return timed_out;
}
void __real__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(void* self, const void* condition);
void __wrap__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(void* self, const void* condition) {
  __tsan_release(self);
  {
    const IgnoreReads conditions;
    __real__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(self, condition);
  }
  __tsan_acquire(self);
}
bool __real__ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE(void* self, const void* condition, Duration deadline);
bool __wrap__ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE(void* self, const void* condition, Duration deadline) {
  __tsan_release(self);
  bool met = false;
  {
    const IgnoreReads conditions;
    met = __real__ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE(self, condition, deadline);
  }
  __tsan_acquire(self);
  return met;
}
bool __real__ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(void* self, const void* condition, Duration timeout);
bool __wrap__ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(void* self, const void* condition, Duration timeout) {
  __tsan_release(self);
  bool met = false;
  {
    const IgnoreReads conditions;
    met = __real__ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(self, condition, timeout);
  }
  __tsan_acquire(self);
  return met;
}
void __real__ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE(void* self, const void* condition);
void __wrap__ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE(void* self, const void* condition) {
  {
    const IgnoreReads conditions;
    __real__ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE(self, condition);
  }
  __tsan_acquire(self);
}
}
