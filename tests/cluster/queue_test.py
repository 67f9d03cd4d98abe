"""The example plugin `queue`: what it keeps in the store survives kill -9 of any node, is seen by no client of the store, and each
item is popped once."""
import collections
import itertools
import os
import random
import threading
import unittest

from harness import client, settings
from harness.agreed_store import AgreedStoreTest
from harness.store_faults import StoreFaults
from harness.node_process import run_p2phost
from thrift.Thrift import TApplicationException, TException
from thrift.transport.TTransport import TTransportException

from diststore import Store, StorePeer, StoreSpaces
from diststore.ttypes import Item, ReadOptions, ScanOptions, StoreError, StoreErrorKind, WriteOptions
from queues import Queue
from queues.ttypes import Outcome, QueueError, Ticket

PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)
CONFIG = settings.EXAMPLES / "queue" / "queue.toml"
ROUNDS = int(os.environ.get("P2P_ROUNDS", "2"))
SEED = int(os.environ.get("P2P_SEED", "1"))
NAME = "jobs"
NO_TICKET = Ticket(client="", call=0)
# What plugins/diststore/engine/space_key.h makes of the space `queue` and the route key NAME.
STORED_KEY = b"\0p2p\0s\5queue" + NAME.encode()
NOT_DONE = ("p2p:not-executed: ", "p2p:draining: ", "p2p:disabled: ", "p2p:overloaded: ", "p2p:no-lease: ")


def queue(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Queue, service="queue")


class Unknown(Exception):
    pass


class Worker:
    """Calls the queue through one node, and through another one when that fails."""

    def __init__(self, nodes, number):
        self._nodes = nodes
        self._choice = random.Random(f"{SEED} {number}")
        self._opened = None
        self._client = None

    def close(self):
        if self._opened is not None:
            self._opened.__exit__()
        self._opened = None

    def ask(self, method, *arguments):
        """The answer; None if nothing was done; Unknown."""
        try:
            if self._opened is None:
                opened = client.connect(self._choice.choice(self._nodes).port, Queue, "queue")
                self._client = opened.__enter__()
                self._opened = opened
        except TTransportException:
            return None
        try:
            return getattr(self._client, method)(*arguments)
        except QueueError as error:
            if error.outcome == Outcome.not_done:
                return None
            raise Unknown(error.why) from error
        except TApplicationException as error:
            if error.message.startswith(NOT_DONE):
                return None
            raise Unknown(error.message) from error
        except (TException, OSError, EOFError) as error:
            self.close()
            raise Unknown(str(error)) from error


class QueueLoad:
    """Clients that push and pop. With tickets a call whose outcome is unknown is repeated, until it is known."""

    PUSHERS = 3
    POPPERS = 3

    def __init__(self, nodes, has_tickets):
        self._nodes = nodes
        self._has_tickets = has_tickets
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.pushed = []
        self.unknown_pushes = []
        self.popped = [[] for _ in range(self.POPPERS)]
        self.unknown_pops = 0
        self.repeated = 0
        self.errors = []
        self._threads = [threading.Thread(target=self._run, args=(self._push, number)) for number in range(self.PUSHERS)]
        self._threads += [threading.Thread(target=self._run, args=(self._pop, number)) for number in range(self.POPPERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def report(self):
        with self._lock:
            return {"ok": len(self.pushed) + sum(map(len, self.popped))}

    def _run(self, work, number):
        worker = Worker(self._nodes, f"{work.__name__} {number}")
        try:
            for call in itertools.count():
                if self._stop.is_set():
                    return
                ticket = Ticket(client=f"{work.__name__} {number}", call=call) if self._has_tickets else NO_TICKET
                work(worker, number, call, ticket)
        except Exception as error:  # so that the test sees it
            self.errors.append(repr(error))
        finally:
            worker.close()

    def _until_known(self, worker, method, *arguments):
        """The answer; None when it is not known, which with tickets is asked until it is."""
        while True:
            try:
                answer = worker.ask(method, *arguments)
                if answer is not None:
                    return answer
            except Unknown:
                if not self._has_tickets:
                    return None
                self.repeated += 1

    def _push(self, worker, number, call, ticket):
        item = f"{number} {call}".encode()
        answer = self._until_known(worker, "push", NAME, item, ticket)
        with self._lock:
            (self.unknown_pushes if answer is None else self.pushed).append(item)

    def _pop(self, worker, number, _, ticket):
        answer = self._until_known(worker, "pop", NAME, ticket)
        with self._lock:
            if answer is None:
                self.unknown_pops += 1
            elif answer.found:
                self.popped[number].append(answer.item)

    def finish(self):
        """Ends the clients and pops what is left."""
        self.__exit__()
        worker = Worker(self._nodes, "rest")
        rest = []
        while True:
            answer = worker.ask("pop", NAME, NO_TICKET)
            if answer is not None and not answer.found:
                break
            if answer is not None:
                rest.append(answer.item)
        worker.close()
        self.popped.append(rest)


class QueueTest(StoreFaults, AgreedStoreTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3, *PLUGINS, config=CONFIG)
        self.wait_until_settled(self.nodes)
        self.choice = random.Random(SEED)

    def test_items_come_out_in_order_through_every_node(self):
        for number in range(9):
            node = self.nodes[number % 3]
            self.assertEqual(queue(node, "push", NAME, b"item %d" % number, NO_TICKET), number + 1)
        for number in range(9):
            node = self.nodes[(number + 1) % 3]
            self.assertEqual(queue(node, "len", NAME), 9 - number)
            self.assertEqual(queue(node, "pop", NAME, NO_TICKET).item, b"item %d" % number)
        for node in self.nodes:
            self.assertFalse(queue(node, "pop", NAME, NO_TICKET).found)

    def test_a_call_that_is_repeated_with_its_ticket_is_done_once(self):
        ticket = Ticket(client="me", call=1)
        for node in self.nodes:
            self.assertEqual(queue(node, "push", NAME, b"one", ticket), 1)
        self.assertEqual(queue(self.nodes[0], "push", NAME, b"two", NO_TICKET), 2)
        ticket.call = 2
        for node in self.nodes:
            self.assertEqual(queue(node, "pop", NAME, ticket).item, b"one")
        ticket.call = 3
        self.assertEqual(queue(self.nodes[0], "pop", NAME, ticket).item, b"two")

    def test_clients_of_the_store_do_not_see_it(self):
        queue(self.nodes[0], "push", NAME, b"item", NO_TICKET)
        for node in self.nodes:
            with client.connect(node.port, Store, "diststore") as store:
                refused = [
                    lambda: store.read(STORED_KEY, ReadOptions()),
                    lambda: store.write(STORED_KEY, b"", WriteOptions()),
                    lambda: store.erase(STORED_KEY, WriteOptions()),
                    lambda: store.read_many([b"a", STORED_KEY], ReadOptions()),
                    lambda: store.write_many([Item(key=STORED_KEY, value=b"")], WriteOptions()),
                    lambda: store.erase_many([STORED_KEY], WriteOptions()),
                ]
                for call in refused:
                    with self.assertRaises(StoreError) as raised:
                        call()
                    self.assertEqual(raised.exception.kind, StoreErrorKind.unsupported)
                    self.assertIn("reserved", raised.exception.message)
                with self.assertRaises(TApplicationException):
                    store.get(STORED_KEY.decode())
                store.put(STORED_KEY.decode(), "")
                self.assertEqual(store.scan(b"", ScanOptions(values=True)).items, [])
            with self.assertRaises(TApplicationException):  # for nodes alone
                client.call(node.port, "read_here", [STORED_KEY], ReadOptions(), interface=StorePeer, service="diststore.peer")
            with self.assertRaises(TApplicationException):
                client.call(node.port, "read_state", STORED_KEY, interface=StoreSpaces, service="diststore.spaces")
        self.assertEqual(queue(self.nodes[1], "len", NAME), 1)

    def test_with_tickets_each_item_is_popped_exactly_once_whoever_is_killed(self):
        with QueueLoad(self.nodes, has_tickets=True) as load:
            self.kill_some(load)
            load.finish()
        popped = list(itertools.chain(*load.popped))
        print(f"{len(popped)} items, {load.repeated} calls repeated, {len(load.popped[-1])} left")
        self.assertEqual(collections.Counter(popped), collections.Counter(load.pushed))
        for taken in load.popped:  # of each client, each other's items in their order
            for pusher in range(QueueLoad.PUSHERS):
                calls = [int(item.split()[1]) for item in taken if int(item.split()[0]) == pusher]
                self.assertEqual(calls, sorted(calls))

    def test_without_tickets_no_item_is_popped_twice_and_only_unknown_pops_lose_one(self):
        with QueueLoad(self.nodes, has_tickets=False) as load:
            self.kill_some(load)
            load.finish()
        popped = list(itertools.chain(*load.popped))
        print(f"{len(popped)} items, unknown: {len(load.unknown_pushes)} pushes, {load.unknown_pops} pops")
        self.assertEqual([item for item, times in collections.Counter(popped).items() if times > 1], [])
        self.assertLessEqual(set(popped), set(load.pushed) | set(load.unknown_pushes))
        self.assertLessEqual(len(set(load.pushed) - set(popped)), load.unknown_pops)

    def kill_some(self, load):
        """The primary of the queue, then any."""
        for _ in range(ROUNDS):
            self.let_clients_work(load)
            self.kill(self.nodes, [self.primary_of(self.nodes, NAME)], load)
            self.let_clients_work(load)
            self.kill(self.nodes, [self.choice.choice(self.nodes)], load)
        self.assertEqual(load.errors, [])


class ClassicTest(unittest.TestCase):
    def test_a_network_with_one_copy_of_each_key_is_refused_with_the_fix(self):
        ended = run_p2phost("--config", CONFIG, *PLUGINS, "--listen", "127.0.0.1:0", "--set",
                            "services.locator.config.mode=classic", "--set", "services.locator.config.discover=none")
        self.assertEqual(ended.returncode, 69)
        self.assertIn('mode = "agreed"', ended.stderr)


if __name__ == "__main__":
    unittest.main()
