"""Are there never more holders than seats, and is a seat that nobody has any more free?"""
import os
import threading
import time
import unittest

from p2p_client.seats import Seats


def at_once():
    return time.monotonic()


def late():
    return time.monotonic() + 60


class SeatsTest(unittest.TestCase):
    def setUp(self):
        self.seats = Seats(2)

    def waiting(self, deadline):
        """A thread that waits for a seat, and what it got."""
        got = []
        thread = threading.Thread(target=lambda: got.append(self.seats.take(deadline)))
        thread.start()
        while not self.seats._turns:
            pass  # until it waits
        return thread, got

    def test_there_are_as_many_as_were_made(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        self.assertNotIn(None, taken)
        self.assertIsNone(self.seats.take(at_once()))
        self.seats.leave(taken.pop())
        self.assertIsNotNone(self.seats.take(at_once()))

    def test_who_waits_gets_the_one_that_is_left(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        thread, got = self.waiting(late())
        self.seats.leave(taken.pop())
        thread.join()
        self.assertIsNotNone(got[0])

    def test_one_that_nobody_holds_any_more_is_free(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        thread, got = self.waiting(late())
        taken.pop()
        thread.join()
        self.assertIsNotNone(got[0])

    def test_leaving_twice_frees_one(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        for _ in range(2):
            self.seats.leave(taken[0])
        self.assertIsNotNone(again := self.seats.take(at_once()))
        self.assertIsNone(self.seats.take(at_once()))
        del again

    def test_closing_lets_those_who_wait_go(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        thread, got = self.waiting(late())
        self.seats.close()
        thread.join()
        self.assertEqual(got, [None])
        del taken

    def test_who_gave_up_waiting_swallows_no_turn(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        self.assertIsNone(self.seats.take(time.monotonic() + 0.01))
        self.assertEqual(len(self.seats._turns), 0)
        del taken

    def test_in_a_child_all_are_free_even_while_another_thread_holds_the_lock(self):
        taken = [self.seats.take(at_once()) for _ in range(2)]
        held, over = threading.Event(), threading.Event()

        def hold():
            with self.seats._lock:
                held.set()
                over.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            os._exit(0 if self.seats.take(at_once()) is not None else 1)
        over.set()
        thread.join()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertIsNone(self.seats.take(at_once()))
        del taken


if __name__ == "__main__":
    unittest.main()
