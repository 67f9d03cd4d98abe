"""How many at once? Seats, for any number of threads.

A seat is held as long as the object exists. Whoever loses it, because an exception of a signal's handler has ended the call at
any point whatever, has given it back."""
import collections
import gc
import threading
import time
import weakref

from p2p_client.forking import start_anew_in_children

# A seat that was lost wakes nobody: who waits looks again after so long.
LOOK_SECONDS = 0.05

# An exception that was raised in the cleanup of another may hold a seat in a cycle: who finds none free has such cycles collected,
# so often at most.
COLLECT_SECONDS = 1.0


class Seat:
    __slots__ = ("__weakref__",)


class Seats:
    """`count` of them. Any thread; a signal's handler too, which may interrupt another call of its thread.

    The lock is one whose `with` no exception of a handler can break, as a Condition's can be, and that its thread may
    enter again.
    """

    def __init__(self, count):
        self._count = count
        self._is_closed = False
        self._collect_at = 0.0
        self.forked()
        start_anew_in_children(self)

    def forked(self):
        """All seats are free: who held them is in the parent."""
        self._lock = threading.RLock()
        self._held = []  # weak references
        self._turns = collections.deque()  # of each who waits a lock, released when a seat may be free

    def take(self, deadline):
        """A seat; None when none came free before `deadline` (time.monotonic), or when they are closed."""
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
        """None when `seat` is taken now, else the turn to wait for."""
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
        """Nobody gets one any more."""
        with self._lock:
            self._is_closed = True
            while self._turns:
                self._turns.popleft().release()
