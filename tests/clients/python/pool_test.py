"""Are connections limited in number, shared, and closed when they cannot be used any more?"""
import threading
import time
import unittest

from listener import Listener
from p2p_client.pool import IDLE_SECONDS_MAX, Exhausted, Pool


def soon():
    return time.monotonic() + 0.1


def opened(channel):
    channel.begin_connect()
    end = time.monotonic() + 10
    while not channel.is_connected and time.monotonic() < end:
        channel.end_connect()
    channel.is_reusable = True  # as after an exchange
    return channel


class PoolTest(unittest.TestCase):
    def setUp(self):
        self.pool = Pool(connections_per_node=2)
        self.addCleanup(self.pool.close)

    def test_no_more_channels_than_the_limit_are_taken(self):
        taken = [self.pool.take("n:1", soon()) for _ in range(2)]
        self.assertRaises(Exhausted, self.pool.take, "n:1", soon())
        self.pool.take("m:1", soon())  # each node has its own limit
        self.pool.give_back(taken[0])
        self.pool.take("n:1", soon())

    def test_a_waiting_thread_gets_the_next_channel_that_is_given_back(self):
        taken = [self.pool.take("n:1", soon()) for _ in range(2)]
        got = []
        waiter = threading.Thread(target=lambda: got.append(self.pool.take("n:1", time.monotonic() + 60)))
        waiter.start()
        self.pool.give_back(taken[0])
        waiter.join(60)
        self.assertEqual(len(got), 1)

    def test_a_channel_that_is_given_back_wakes_only_threads_that_wait_for_its_node(self):
        taken = {node: [self.pool.take(node, soon()) for _ in range(2)] for node in ("a:1", "b:1")}
        got = []

        def wait_for(node):
            got.append(self.pool.take(node, time.monotonic() + 60).node)

        waiters = []
        for node in ("b:1", "a:1"):  # the thread that has waited longest is woken first
            waiters.append(threading.Thread(target=wait_for, args=(node,)))
            waiters[-1].start()
            while not self.pool._semaphore_of(node)._waiters:
                pass  # until it waits
        self.pool.give_back(taken["a:1"][0])
        waiters[1].join(10)
        self.assertEqual(got, ["a:1"])
        self.pool.give_back(taken["b:1"][0])
        waiters[0].join(10)

    def test_a_channel_that_is_garbage_collected_makes_room(self):
        taken = [self.pool.take("n:1", soon()) for _ in range(2)]
        got = []
        waiter = threading.Thread(target=lambda: got.append(self.pool.take("n:1", time.monotonic() + 60)))
        waiter.start()
        while not self.pool._semaphore_of("n:1")._waiters:
            pass  # until it waits
        taken.pop()
        waiter.join(60)
        self.assertEqual(len(got), 1)

    def test_a_channel_with_an_incomplete_exchange_is_not_used_again(self):
        with Listener() as listener:
            channel = opened(self.pool.take(listener.name, soon()))
            channel.is_reusable = False
            self.pool.give_back(channel)
            self.assertIsNone(channel.socket)
            self.assertIsNot(self.pool.take(listener.name, soon()), channel)

    def test_an_open_channel_is_used_again_and_a_closed_one_is_not(self):
        with Listener() as listener:
            channel = opened(self.pool.take(listener.name, soon()))
            self.pool.give_back(channel)
            self.assertIs(self.pool.take(listener.name, soon()), channel)
            channel.close()
            self.pool.give_back(channel)
            self.assertIsNot(self.pool.take(listener.name, soon()), channel)

    def test_a_channel_that_its_node_has_closed_is_not_used(self):
        with Listener() as listener:
            channel = opened(self.pool.take(listener.name, soon()))
            self.pool.give_back(channel)
            listener.accept().close()
            end = time.monotonic() + 10
            while channel.is_usable() and time.monotonic() < end:
                pass  # until the end has arrived
            self.assertIsNot(self.pool.take(listener.name, soon()), channel)
            self.assertIsNone(channel.socket)

    def test_idle_channels_of_nodes_that_left_are_closed(self):
        with Listener() as listener:
            channel = opened(self.pool.take(listener.name, soon()))
            self.pool.give_back(channel)
            self.pool.keep_only({"n:1"})
            self.assertIsNone(channel.socket)

    def test_the_channel_used_last_is_used_next_and_old_ones_are_closed(self):
        with Listener() as listener:
            old, young = opened(self.pool.take(listener.name, soon())), opened(self.pool.take(listener.name, soon()))
            self.pool.give_back(old)
            self.pool.give_back(young)
            self.assertIs(self.pool.take(listener.name, soon()), young)
            old.idle_since -= 2 * IDLE_SECONDS_MAX
            self.pool.give_back(young)
            self.assertIsNone(old.socket)
            young.idle_since -= 2 * IDLE_SECONDS_MAX
            self.assertIsNot(self.pool.take(listener.name, soon()), young)
            self.assertIsNone(young.socket)

    def test_a_closed_pool_hands_out_and_keeps_no_channel(self):
        with Listener() as listener:
            channel = opened(self.pool.take(listener.name, soon()))
            self.pool.close()
            self.pool.give_back(channel)
            self.assertIsNone(channel.socket)
            self.assertRaises(Exhausted, self.pool.take, listener.name, soon())


if __name__ == "__main__":
    unittest.main()
