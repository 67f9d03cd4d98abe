"""How many connections may be in use at once? A semaphore whose permits are objects, for any number of threads.

A permit is held as long as the object exists. So it is also released when the exception of a signal handler ends a call at any point."""
import collections
import gc
import threading
import time
import weakref

from p2p_client.forking import call_after_fork

# A permit that is released by garbage collection wakes no waiting thread: waiting threads check again after this time.
RECHECK_SECONDS = 0.05

# An exception raised while another is handled may keep a permit in a reference cycle: a thread that finds no free permit runs
# the garbage collector, at most once in this time.
COLLECT_SECONDS = 1.0


class Permit:
    __slots__ = ("__weakref__",)


class Semaphore:
    """`count` permits. For any thread, and for a signal handler, which may interrupt another call of its thread.

    That is why it uses an RLock: its thread may acquire it again, and unlike a Condition's, its `with` is not broken by
    an exception of a signal handler.
    """

    def __init__(self, count):
        self._count = count
        self._is_closed = False
        self._collect_at = 0.0
        self.after_fork()
        call_after_fork(self)

    def after_fork(self):
        """All permits are free: the threads that held them exist in the parent only."""
        self._lock = threading.RLock()
        self._held = []  # weak references
        self._waiters = collections.deque()  # one lock per waiting thread, released when a permit may be free

    def acquire(self, deadline):
        """Returns a permit; None if none became free before `deadline` (time.monotonic), or if the semaphore is closed."""
        permit = Permit()
        while not self._is_closed:
            waiter = self._hold_or_wait(permit)
            if waiter is None:
                return permit
            try:
                left = deadline - time.monotonic()
                if left > 0 and waiter.acquire(timeout=min(left, RECHECK_SECONDS)):
                    continue
                if not self._collect() and left <= 0:
                    return None
            finally:
                self._remove(waiter)
        return None

    def _collect(self):
        now = time.monotonic()
        if now < self._collect_at:
            return False
        self._collect_at = now + COLLECT_SECONDS
        gc.collect()
        return True

    def _hold_or_wait(self, permit):
        """Counts `permit` as held and returns None, or returns the lock to wait for."""
        with self._lock:
            if len(self._held) >= self._count:
                self._held = [held for held in self._held if held() is not None]
            if len(self._held) < self._count:
                self._held.append(weakref.ref(permit))
                return None
            waiter = threading.Lock()
            waiter.acquire()
            self._waiters.append(waiter)
            return waiter

    def _remove(self, waiter):
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def release(self, permit):
        with self._lock:
            self._held = [held for held in self._held if held() not in (permit, None)]
            if self._waiters:
                self._waiters.popleft().release()

    def close(self):
        """No thread gets a permit any more."""
        with self._lock:
            self._is_closed = True
            while self._waiters:
                self._waiters.popleft().release()
