"""The store on an agreed cluster, under load, while its nodes die, hang, restart, join and leave."""
import os
import random
import threading
import unittest
import unittest.mock

from harness import settings
from harness.agreed_store import AgreedStoreTest
from harness.single_writers import AsyncThread, Thread, Work
from harness.store_faults import StoreFaults

from p2p_client import Client
from p2p_client.partitions import PartitionedView

# How often a fault is repeated; many times in the soak.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "1"))
SEED = int(os.environ.get("P2P_SEED", "1"))
# In which a call has its result, whichever node dies.
DEADLINE_SECONDS = 2 * settings.PATIENCE


class StoreFaultsCase(StoreFaults, AgreedStoreTest):
    count = 3
    arguments = ()

    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(self.count, *self.arguments)
        self.wait_until_settled(self.nodes)
        self.choice = random.Random(SEED)


# What a node was working on may have been made, or not, and those who know have gone as well.
UNKNOWN = ("unknown",)


class KilledTest(StoreFaultsCase):
    """No call ends without its result (docs/decisions/0044): what a killed node was working on is tried again, and done once."""

    def load(self, nodes, **options):
        return super().load(nodes, deadline_ms=int(1000 * DEADLINE_SECONDS), **options)

    def test_kill_9_of_any_node_costs_clients_a_moment_and_no_call_is_refused(self):
        with self.load(self.nodes) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.kill(self.nodes, [self.choice.choice(self.nodes)], load)
            self.judge(load, self.nodes)

    def test_kill_9_of_the_coordinator(self):
        with self.load(self.nodes) as load:
            self.let_clients_work(load)
            self.kill(self.nodes, [self.nodes[0]], load)
            self.judge(load, self.nodes)

    def test_kill_9_of_the_primary_of_the_only_key(self):
        with self.load(self.nodes, keys=1) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.kill(self.nodes, [self.primary_of(self.nodes, "k0000000")], load)
            self.judge(load, self.nodes)

    def test_clients_of_a_living_primary_feel_nothing_of_a_death(self):
        with self.load(self.nodes, keys=300) as load:
            self.let_clients_work(load)
            self.kill(self.nodes, [self.nodes[1]], load)
            summary = self.judge(load, self.nodes)
        self.assertEqual(len(summary["gap_ms_by_owner"]), self.count)
        print("gaps by owner, ms:", summary["gap_ms_by_owner"])


class PythonLoad:
    """Workers of both Python clients, each with keys of its own; a context."""

    def __init__(self, nodes, count):
        seeds = [node.name for node in nodes]
        self.works = [Work(f"worker{number}", number, has_batches=False) for number in range(count)]
        self._is_over = threading.Event()
        self._client = Client(*seeds, deadline=DEADLINE_SECONDS)
        half = count // 2
        self._threads = [Thread(self._client, work, self._is_over) for work in self.works[:half]]
        self._threads.append(AsyncThread(seeds, self.works[half:], self._is_over, deadline=DEADLINE_SECONDS))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def report(self):
        return {"ok": sum(work.calls for work in self.works)}


class PythonClientsKilledTest(StoreFaultsCase):
    def test_kill_9_of_any_node_loses_no_call_of_the_python_clients(self):
        self.kill_under_load()

    def test_nor_of_those_that_other_nodes_forward(self):
        """Of three calls two go to another node than the primary: the one that dies may be either."""
        with unittest.mock.patch.object(PartitionedView, "owner_of", lambda view, key: view.members[sum(key) % len(view.members)]):
            self.kill_under_load()

    def kill_under_load(self):
        with PythonLoad(self.nodes, 8) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.kill(self.nodes, [self.choice.choice(self.nodes)], load)
            self.let_clients_work(load)
        for work in load.works:
            self.assertEqual((work.errors, work.unknown), ([], 0))


class ManyKilledCase(StoreFaultsCase):
    """Calls may fail meanwhile, and nothing is wrong."""

    def kill_at_once(self, number):
        with self.load(self.nodes) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.kill(self.nodes, self.choice.sample(self.nodes, number), load)
            self.judge(load, self.nodes, allowed=("refused", "unknown"))


class TwoOfThreeKilledTest(ManyKilledCase):
    def test_kill_9_of_two_of_three_loses_nothing(self):
        self.kill_at_once(2)


class TwoOfFiveKilledTest(ManyKilledCase):
    count = 5

    def test_kill_9_of_two_of_five_loses_nothing(self):
        self.kill_at_once(2)


class AllKilledTest(StoreFaultsCase):
    """What was in memory is gone; the network says so, and serves again by itself (I9)."""

    arguments = ("--set", "services.locator.config.remove_after=2s")

    def test_kill_9_of_all_leaves_a_network_that_names_its_loss_and_serves(self):
        with self.load(self.nodes, key_prefix="before") as load:
            self.judge(load, self.nodes)
            self.kill(self.nodes, self.nodes, load)
        with self.load(self.nodes, key_prefix="after") as load:
            self.judge(load, self.nodes)
        self.assertTrue(any("lost" in node.log() for node in self.nodes))


class HangingTest(StoreFaultsCase):
    def test_sigstop_shorter_than_a_lease(self):
        self.freeze_some(0.5)

    def test_sigstop_beyond_every_lease(self):
        self.freeze_some(6)

    def freeze_some(self, seconds):
        with self.load(self.nodes, deadline_ms=5_000) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.freeze(self.nodes, self.choice.choice(self.nodes), load, seconds)
            self.judge(load, self.nodes)


class RollingRestartCase(StoreFaultsCase):
    def restart(self):
        with self.load(self.nodes) as load:
            for _ in range(ROUNDS):
                self.restart_each(self.nodes, load)
            self.judge(load, self.nodes, allowed=UNKNOWN)


class RollingRestartTest(RollingRestartCase):
    def test_a_rolling_restart_of_three_nodes(self):
        self.restart()


class RollingRestartOfFiveTest(RollingRestartCase):
    count = 5

    def test_a_rolling_restart_of_five_nodes(self):
        self.restart()


class MembersTest(StoreFaultsCase):
    def test_joins_and_leaves(self):
        with self.load(self.nodes) as load:
            self.nodes = self.change_members(self.nodes, load, 2 if ROUNDS == 1 else 20, SEED)
            self.judge(load, self.nodes)


if __name__ == "__main__":
    unittest.main()
