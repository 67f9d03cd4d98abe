"""How does a client name its writes, so that stores do each of them once (docs/decisions/0044)? By a number that rises, and is about
the time: what stores have forgotten has lower ones. As clients/cpp/src/rules/operations.h."""
import os
import threading
import time

from p2p_client.forking import call_after_fork

# From this one on all members of a network remember operations (RingState.level).
OPERATIONS_LEVEL = 2


def _microseconds():
    return time.time_ns() // 1000


class OperationNames:
    """For any thread. `clock`: microseconds since 1970, whatever that is worth."""

    def __init__(self, clock=_microseconds):
        self._clock = clock
        self.after_fork()
        call_after_fork(self)

    def after_fork(self):
        """Parent and child are two clients."""
        self._lock = threading.RLock()  # a signal handler may make calls
        self._client = int.from_bytes(os.urandom(8), "big", signed=True)
        self._last = 0
        self._ahead = 0

    def next(self):
        """(client, number): another name than all before."""
        with self._lock:
            self._last = max(self._last + 1, self._clock() + self._ahead)
            return self._client, self._last

    def next_above(self, told, refused):
        """The same, instead of one with the number `refused`: a store wants it just above `told`, and so may others."""
        with self._lock:
            if told < refused:  # too far ahead of the store's clock: numbers are used again, and so not by this client
                self._client = int.from_bytes(os.urandom(8), "big", signed=True)
                self._last = 0
            if self._last <= told:
                self._ahead = told + 1 - self._clock()
                self._last = told
            return self.next()
