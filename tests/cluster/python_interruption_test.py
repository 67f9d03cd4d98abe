"""A signal's handler raises an exception in the middle of a call of the Python client: it reaches the caller as it is, and
leaves the client as good as new."""
import gc
import os
import random
import signal
import threading
import time
import unittest

from python_client_test import PythonClientTest, key_of

INTERRUPTIONS = int(os.environ.get("P2P_INTERRUPTIONS", "400"))
KEYS = 50


class Interruption(Exception):
    pass


class ForeignTimeout(TimeoutError):
    """What many a handler of SIGALRM raises; the errors of sockets are such ones too."""


class ForeignValue(ValueError):
    pass


class InterruptionTest(PythonClientTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.used = self.client(self.nodes)
        self.keys = [key_of(number) for number in range(KEYS)]
        self.used.write_many({key: key for key in self.keys})
        self.addCleanup(signal.signal, signal.SIGALRM, signal.getsignal(signal.SIGALRM))
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        self.random = random.Random(4)

    def read(self):
        key = self.random.choice(self.keys)
        self.assertEqual(self.used.read(key).value, key)

    def read_many(self):
        self.assertEqual([result.value for result in self.used.read_many(self.keys)], self.keys)

    def write(self):
        key = self.random.choice(self.keys)
        self.used.write(key, key)

    def interrupt(self, call, kind, count):
        """Calls until `count` of the calls were interrupted, each at another point."""
        def handler(*_):
            raise kind("interrupted")

        signal.signal(signal.SIGALRM, handler)
        begun = time.perf_counter()
        for _ in range(20):
            call()
        span = (time.perf_counter() - begun) / 20
        interrupted = 0
        while interrupted < count:
            try:
                signal.setitimer(signal.ITIMER_REAL, self.random.uniform(1e-6, 1.5 * span))
                call()
                signal.setitimer(signal.ITIMER_REAL, 0)
                self.random.random()  # where it comes that came just before
            except kind:
                interrupted += 1

    def test_it_reaches_the_caller_and_costs_the_client_nothing(self):
        for call in (self.read, self.read_many, self.write):
            for kind in (Interruption, ForeignTimeout, ForeignValue, KeyboardInterrupt):
                with self.subTest(call=call.__name__, kind=kind.__name__):
                    self.interrupt(call, kind, INTERRUPTIONS // 4)
                    self.assert_whole()

    def assert_whole(self):
        """Every connection can be had at once, by threads that wait for one another, and there is a new view when it is
        asked for."""
        pool = self.used._pool
        gc.collect()  # as the pool does, once a second at most, when it finds none free
        for node in self.nodes:
            channels = [pool.take(node.name, time.monotonic()) for _ in range(pool._limit)]
            for channel in channels:
                pool.give_back(channel)
        permit = self.used._refreshing.acquire(time.monotonic())
        self.assertIsNotNone(permit)
        self.used._refreshing.release(permit)
        others = [threading.Thread(target=self.read_many) for _ in range(8)]
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()

    def test_a_client_that_is_interrupted_while_it_connects_and_refreshes_its_view_still_works(self):
        def call():
            self.used._pool.keep_only(())  # connects anew
            self.used._views.note_no_answer("nobody")
            self.read()

        self.interrupt(call, Interruption, INTERRUPTIONS // 4)
        self.assert_whole()

    def test_a_handler_may_call_itself(self):
        def handler(*_):
            self.read()

        signal.signal(signal.SIGALRM, handler)
        for _ in range(INTERRUPTIONS):
            signal.setitimer(signal.ITIMER_REAL, self.random.uniform(1e-6, 1e-3))
            self.read_many()
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()
