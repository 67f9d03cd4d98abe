"""The store on an agreed cluster, under load, while its nodes die, hang, restart, join and leave."""
import os
import random
import unittest

from harness.agreed_store import AgreedStoreTest
from harness.store_faults import StoreFaults

# How often a fault is repeated; many times in the soak.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "1"))
SEED = int(os.environ.get("P2P_SEED", "1"))


class StoreFaultsCase(StoreFaults, AgreedStoreTest):
    count = 3
    arguments = ()

    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(self.count, *self.arguments)
        self.wait_until_settled(self.nodes)
        self.choice = random.Random(SEED)


# A write that the killed node was working on may have been made, or not: nobody can know, and a second one could undo what others wrote
# meanwhile.
UNKNOWN = ("unknown",)


class KilledTest(StoreFaultsCase):
    def test_kill_9_of_any_node_costs_clients_a_moment_and_no_call_is_refused(self):
        with self.load(self.nodes) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.kill(self.nodes, [self.choice.choice(self.nodes)], load)
            self.judge(load, self.nodes, allowed=UNKNOWN)

    def test_kill_9_of_the_coordinator(self):
        with self.load(self.nodes) as load:
            self.let_clients_work(load)
            self.kill(self.nodes, [self.nodes[0]], load)
            self.judge(load, self.nodes, allowed=UNKNOWN)

    def test_kill_9_of_the_primary_of_the_only_key(self):
        with self.load(self.nodes, keys=1) as load:
            for _ in range(ROUNDS):
                self.let_clients_work(load)
                self.kill(self.nodes, [self.primary_of(self.nodes, "k0000000")], load)
            self.judge(load, self.nodes, allowed=UNKNOWN)

    def test_clients_of_a_living_primary_feel_nothing_of_a_death(self):
        with self.load(self.nodes, keys=300) as load:
            self.let_clients_work(load)
            self.kill(self.nodes, [self.nodes[1]], load)
            summary = self.judge(load, self.nodes, allowed=UNKNOWN)
        self.assertEqual(len(summary["gap_ms_by_owner"]), self.count)
        print("gaps by owner, ms:", summary["gap_ms_by_owner"])


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
