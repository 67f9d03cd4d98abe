"""The store on an agreed cluster whose links are cut: a few from many, one way, between two, again and again."""
import time

from harness.agreed_machines import MachinesCase
from harness.agreed_store import AgreedStoreTest
from harness.own_machine import run_tests_on_own_machines
from harness.store_faults import StoreFaults

# Several leases, of 1.5 s.
CUT_SECONDS = 5
FLAPS = 5


class LinksCase(StoreFaults, AgreedStoreTest, MachinesCase):
    """Clients reach every node all the time, and may fail: who is cut off cannot serve, and says so."""

    def under_load(self, *faults):
        with self.load(self.nodes, deadline_ms=5_000) as load:
            for fault in faults:
                self.let_clients_work(load)
                fault()
                time.sleep(CUT_SECONDS)
                self.heal()
            self.judge(load, self.nodes, allowed=("refused", "unknown"))

    def cut(self, some, others):
        self.machines.cut(self.machines_of(some), self.machines_of(others))


class CutTest(LinksCase):
    def test_a_minority_with_the_coordinator_is_cut_off(self):
        self.under_load(lambda: self.cut(self.nodes[:2], self.nodes[2:]))

    def test_a_minority_without_the_coordinator_is_cut_off(self):
        self.under_load(lambda: self.cut(self.nodes[3:], self.nodes[:3]))

    def test_each_is_alone_for_a_while(self):
        self.under_load(*(lambda one=one: self.cut([one], [node for node in self.nodes if node is not one])
                          for one in self.nodes))


class OddCutTest(LinksCase):
    def test_one_is_heard_by_nobody(self):
        self.under_load(lambda: self.machines.lose([self.machines[4]], list(self.machines)[:4]))

    def test_one_hears_nobody(self):
        self.under_load(lambda: self.machines.lose(list(self.machines)[:4], [self.machines[4]]))

    def test_two_do_not_hear_each_other(self):
        self.under_load(lambda: self.cut([self.nodes[0]], [self.nodes[1]]))

    def test_two_halves_have_one_node_in_common(self):
        self.under_load(lambda: self.cut(self.nodes[:2], self.nodes[3:]))

    def test_each_hears_a_majority_and_none_the_same(self):
        def ring():
            for number, node in enumerate(self.nodes):
                self.cut([node], [self.nodes[(number + 2) % self.count]])
        self.under_load(ring)


class FlappingTest(LinksCase):
    def test_a_link_comes_and_goes(self):
        def flap():
            for _ in range(FLAPS):
                self.cut([self.nodes[0]], self.nodes[1:])
                time.sleep(1)
                self.machines.heal()
                time.sleep(1)
        self.under_load(flap)

    def test_messages_get_lost(self):
        def lose():
            self.machines.lose(self.machines, self.machines, share=0.1)
        self.under_load(lose)


if __name__ == "__main__":
    run_tests_on_own_machines("agreed_store_links_test")
