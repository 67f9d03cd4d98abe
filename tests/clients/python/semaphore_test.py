"""Are there never more permits than allowed, and is a permit free when nobody refers to it any more?"""
import os
import threading
import time
import unittest

from p2p_client.semaphore import Semaphore


def at_once():
    return time.monotonic()


def late():
    return time.monotonic() + 60


class SemaphoreTest(unittest.TestCase):
    def setUp(self):
        self.semaphore = Semaphore(2)

    def waiting(self, deadline):
        """A thread that waits for a permit, and the list into which it puts the result."""
        got = []
        thread = threading.Thread(target=lambda: got.append(self.semaphore.acquire(deadline)))
        thread.start()
        while not self.semaphore._waiters:
            pass  # until it waits
        return thread, got

    def test_there_are_as_many_permits_as_given(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        self.assertNotIn(None, taken)
        self.assertIsNone(self.semaphore.acquire(at_once()))
        self.semaphore.release(taken.pop())
        self.assertIsNotNone(self.semaphore.acquire(at_once()))

    def test_a_waiting_thread_gets_a_released_permit(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        thread, got = self.waiting(late())
        self.semaphore.release(taken.pop())
        thread.join()
        self.assertIsNotNone(got[0])

    def test_a_permit_that_is_garbage_collected_is_free(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        thread, got = self.waiting(late())
        taken.pop()
        thread.join()
        self.assertIsNotNone(got[0])

    def test_releasing_a_permit_twice_frees_one(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        for _ in range(2):
            self.semaphore.release(taken[0])
        self.assertIsNotNone(again := self.semaphore.acquire(at_once()))
        self.assertIsNone(self.semaphore.acquire(at_once()))
        del again

    def test_closing_wakes_waiting_threads(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        thread, got = self.waiting(late())
        self.semaphore.close()
        thread.join()
        self.assertEqual(got, [None])
        del taken

    def test_a_thread_whose_deadline_has_passed_is_no_longer_a_waiter(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        self.assertIsNone(self.semaphore.acquire(time.monotonic() + 0.01))
        self.assertEqual(len(self.semaphore._waiters), 0)
        del taken

    def test_in_a_child_process_all_permits_are_free_even_if_the_lock_was_held(self):
        taken = [self.semaphore.acquire(at_once()) for _ in range(2)]
        held, over = threading.Event(), threading.Event()

        def hold():
            with self.semaphore._lock:
                held.set()
                over.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            os._exit(0 if self.semaphore.acquire(at_once()) is not None else 1)
        over.set()
        thread.join()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertIsNone(self.semaphore.acquire(at_once()))
        del taken


if __name__ == "__main__":
    unittest.main()
