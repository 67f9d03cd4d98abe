"""How many connections are in use at once? A seat is the permission to use one; for any number of threads.

A seat is taken as long as the object exists. So it also becomes free when a signal handler's exception ends a call at any point."""
import collections
import gc
import threading
import time
import weakref

from p2p_client.forking import start_anew_in_children

# A seat that becomes free in this way wakes no waiting thread: waiting threads look again after this time.
LOOK_SECONDS = 0.05

# An exception raised while another is handled may keep a seat in a reference cycle: a thread that finds no seat free runs the
# garbage collector, at most once in this time.
COLLECT_SECONDS = 1.0


class Seat:
    __slots__ = ("__weakref__",)


class Seats:
    """`count` seats. For any thread, and for a signal handler, which may interrupt another call of its thread.

    Hence the lock: an RLock may be entered again by its thread, and unlike a Condition's, its `with` is not broken by
    an exception of a handler.
    """

    def __init__(self, count):
        self._count = count
        self._is_closed = False
        self._collect_at = 0.0
        self.forked()
        start_anew_in_children(self)

    def forked(self):
        """All seats are free: the threads that had them are in the parent."""
        self._lock = threading.RLock()
        self._held = []  # weak references
        self._turns = collections.deque()  # one lock per waiting thread, released when a seat may be free

    def take(self, deadline):
        """Returns a seat; None if none became free before `deadline` (time.monotonic), or if they are closed."""
        seat = Seat()
        while not self._is_closed:
            turn = self._admit(seat)
            if turn is None:
                return seat
            try:
                left = deadline - time.monotonic()
                if left > 0 and turn.acquire(timeout=min(left, LOOK_SECONDS)):
                    continue
                if not self._collect() and left <= 0:
                    return None
            finally:
                self._forget(turn)
        return None

    def _collect(self):
        now = time.monotonic()
        if now < self._collect_at:
            return False
        self._collect_at = now + COLLECT_SECONDS
        gc.collect()
        return True

    def _admit(self, seat):
        """Takes `seat` and returns None, or returns the turn to wait for."""
        with self._lock:
            if len(self._held) >= self._count:
                self._held = [held for held in self._held if held() is not None]
            if len(self._held) < self._count:
                self._held.append(weakref.ref(seat))
                return None
            turn = threading.Lock()
            turn.acquire()
            self._turns.append(turn)
            return turn

    def _forget(self, turn):
        with self._lock:
            if turn in self._turns:
                self._turns.remove(turn)

    def leave(self, seat):
        with self._lock:
            self._held = [held for held in self._held if held() not in (seat, None)]
            if self._turns:
                self._turns.popleft().release()

    def close(self):
        """No thread gets a seat any more."""
        with self._lock:
            self._is_closed = True
            while self._turns:
                self._turns.popleft().release()
