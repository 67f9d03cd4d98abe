"""Nodes that agree on one cluster map, on machines of their own between which messages are lost."""
import json
import subprocess

from harness import settings
from harness.agreed import state_of
from harness.agreed_machines import MachinesCase
from harness.own_machine import run_tests_on_own_machines

LOOK_ON_LONG_SECONDS = 20
NO = 1  # as p2pctl ends


class PartitionTest(MachinesCase):
    def test_the_majority_goes_on_without_a_coordinator_and_the_others_say_why_they_do_not(self):
        self.cut_off(few=self.nodes[:2], many=self.nodes[2:])

    def test_the_coordinator_goes_on_with_a_majority(self):
        self.cut_off(few=self.nodes[3:], many=self.nodes[:3])

    def cut_off(self, few, many):
        self.machines.cut(self.machines_of(few), self.machines_of(many))
        self.wait_for_network(many)
        for node in few:
            self.wait_until_logged(node, "no majority of the voters answers")
        decided_by_few = max(state_of(node).epoch for node in few)
        for node in many:
            state = state_of(node)
            self.assertGreater(state.epoch, decided_by_few)
            self.assertGreater(state.lease_left_ms, 0)
        told = self.agreement_seen_by(few[0])
        self.assertEqual((told["agree"], told["majority"]), (2, False))
        self.assertEqual(sorted(told["without_lease"]), sorted(node.name for node in few))
        self.assertEqual(sorted(one["node"] for one in told["silent"]), sorted(node.name for node in many))
        for node in few:
            state = state_of(node)
            self.assertLessEqual(state.epoch, decided_by_few)
            self.assertEqual(state.lease_left_ms, 0)
        self.heal()
        for node in few:
            self.wait_until_logged(node, "a majority of the voters answers again")

    def agreement_seen_by(self, node):
        """What p2pctl tells on the node's own machine."""
        with self.machines_of([node])[0].inside():
            done = subprocess.run([str(settings.P2PCTL), "--node", node.name, "--json", "agreement"], check=False,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60 * settings.PATIENCE)
        self.assertEqual(done.returncode, NO, done.stdout + done.stderr)
        return json.loads(done.stdout)


class OneWayTest(MachinesCase):
    def test_who_is_heard_by_nobody_is_down_and_nobody_else_is(self):
        *others, fifth = self.machines
        self.machines.lose([fifth], others)
        self.check_fifth_is_down_alone()

    def test_who_hears_nobody_is_down_and_nobody_else_is(self):
        *others, fifth = self.machines
        self.machines.lose(others, [fifth])
        self.check_fifth_is_down_alone()

    def check_fifth_is_down_alone(self):
        self.wait_for_network(self.nodes[:4])
        fifth = self.nodes[4]
        self.wait_until_logged(fifth, "no majority of the voters answers")
        for name, down in self.look_on().items():
            self.assertLessEqual(set(down), {fifth.name}, f"as {name} knows")
        self.assertEqual(len(self.nodes[0].members()), 4)
        self.heal()


class BrokenLinkTest(MachinesCase):
    """It is a death for nobody whom a majority of the voters hears (E2)."""

    def test_two_that_do_not_hear_each_other_stay_up_and_show_it(self):
        self.break_link(3, 4)

    def test_a_coordinator_that_does_not_hear_a_voter_declares_it_down_for_no_reason_of_its_own(self):
        self.break_link(0, 4)

    def test_a_coordinator_and_its_successor_that_do_not_hear_each_other_stay_up(self):
        self.break_link(0, 1)

    def test_who_reaches_too_few_voters_for_a_lease_is_down_once(self):
        self.machines.cut([self.machines[4]], [self.machines[0], self.machines[1], self.machines[2]])
        self.wait_for_network(self.nodes[:4])
        for name, down in self.look_on().items():
            self.assertEqual(down, [self.nodes[4].name], f"as {name} knows")
        self.heal()

    def break_link(self, one, other):
        self.machines.cut([self.machines[one]], [self.machines[other]])
        for name, down in self.look_on().items():
            self.assertEqual(down, [], f"as {name} knows")
        for here, there in ((one, other), (other, one)):
            links = [link.address for link in state_of(self.nodes[here]).broken_links]
            self.assertEqual(links, [self.nodes[there].name])
        self.heal()


class LossTest(MachinesCase):
    def test_nobody_is_down_for_another_whose_link_loses_a_third(self):
        *others, fifth = self.machines
        self.machines.lose([fifth], others, share=0.3)
        self.machines.lose(others, [fifth], share=0.3)
        for name, down in self.look_on(LOOK_ON_LONG_SECONDS).items():
            self.assertLessEqual(set(down), {self.nodes[4].name}, f"as {name} knows")
        self.heal()


if __name__ == "__main__":
    run_tests_on_own_machines("agreed_faults_test")
