"""A majority of the voters is lost for good: an operator goes on without it, or is refused (J5)."""
import json
import os
import pty
import subprocess
import unittest

from harness import client, settings
from harness.agreed import FEW, AgreedTest, identities, state_of
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from cluster_view import ClusterAdmin
from cluster_view.ttypes import MemberState, Refused

DONE, USAGE, FAILED = 0, 2, 5
GIVEN_UP = "an operator has given it up, and goes on without it (p2pctl recover)"


def has_lease(node):
    return state_of(node).lease_left_ms > 0


class RecoverCase(AgreedTest):
    def command(self, node, *words):
        return [str(settings.P2PCTL), "--node", node.name, "--admin", str(node.data_dir / "admin.sock"), "recover", *words]

    def recover(self, node, *words, code=DONE):
        ended = subprocess.run(self.command(node, *words), capture_output=True, text=True, check=False,
                               stdin=subprocess.DEVNULL, timeout=60 * settings.PATIENCE)
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def nodes_of(self, count, voters):
        nodes = self.cluster(count, *FEW)
        self.wait_for_voters(nodes, voters)
        return nodes

    def lose_a_majority_of_five(self):
        """The survivors, and those that are lost."""
        nodes = self.nodes_of(5, 5)
        for node in nodes[2:]:
            node.kill()
        self.wait_until_logged(nodes[0], "no majority of the voters answers")
        self.wait_until_logged(nodes[1], "no majority of the voters answers")
        return nodes[:2], nodes[2:]


class RecoverTest(RecoverCase):
    def test_two_of_five_voters_go_on_and_the_others_come_back_as_new_nodes(self):
        survivors, lost = self.lose_a_majority_of_five()
        before = [state_of(node).epoch for node in survivors]
        self.assertIn("p2pctl recover", survivors[0].log())
        told = self.recover(survivors[0], "--yes")
        for node in lost:
            self.assertIn(f"given up   {node.name}", told)
        self.assertIn("generation 1 has begun, and decides again", told)
        for node in survivors:
            wait_until(f"{node.name} may answer again", lambda node=node: has_lease(node))
        for node, epoch in zip(survivors, before):
            self.assertGreater(state_of(node).epoch, epoch)
            self.assertEqual(state_of(node).generation, 1)
            self.assertIn("generation 1 of the network begins", node.log())
        self.wait_for_network(survivors)

        for node in lost:
            node.start()
            self.wait_until_logged(node, GIVEN_UP)
            self.assertEqual(len({identity for identity, _ in identities(node)}), 1)  # it logs the new one when asked
            self.assertTrue(list(node.data_dir.glob("locator/node.*")), "its folder is dated away")
        self.wait_for_network(survivors + lost)
        self.wait_for_voters(survivors + lost, 5)
        self.assertEqual({state_of(node).generation for node in survivors + lost}, {1})

    def test_the_one_of_two_that_does_not_vote_goes_on_alone(self):
        nodes = self.nodes_of(2, 1)
        voter = next(member.address for member in state_of(nodes[0]).members if member.is_voter)
        dead, alive = nodes if nodes[0].name == voter else reversed(nodes)
        dead.kill()
        self.wait_until_logged(alive, "no majority of the voters answers")
        document = json.loads(self.recover(alive, "--json", "--yes").splitlines()[0])
        self.assertTrue(document["done"])
        self.assertEqual([one["address"] for one in document["given_up"]], [dead.name])
        self.assertEqual(document["voters"], [alive.name])
        wait_until("it may answer again", lambda: has_lease(alive))
        dead.start()
        self.wait_until_logged(dead, GIVEN_UP)
        self.wait_for_network([dead, alive])

    def test_a_second_disaster_is_recovered_too_and_a_restart_keeps_the_generation(self):
        nodes = self.nodes_of(3, 3)
        for node in nodes[1:]:
            node.kill()
        self.wait_until_logged(nodes[0], "no majority of the voters answers")
        self.recover(nodes[0], nodes[0].name, "--yes")
        nodes[1].start()
        self.wait_for_network(nodes[:2])
        nodes[0].kill()
        self.wait_until_logged(nodes[1], "no majority of the voters answers")
        self.recover(nodes[1], "--yes")
        epoch = state_of(nodes[1]).epoch
        nodes[0].start()
        self.wait_for_network(nodes[:2])
        nodes[1].kill()
        nodes[1].start()
        self.assertEqual(state_of(nodes[1]).generation, 2)
        self.assertGreaterEqual(state_of(nodes[1]).epoch, epoch)
        self.wait_for_network(nodes[:2])

    def test_who_knows_what_the_recovery_does_not_begins_anew(self):
        nodes = self.nodes_of(6, 5)
        voters = {member.address for member in state_of(nodes[0]).members if member.is_voter}
        knowing = next(node for node in nodes if node.name not in voters)
        others = [node for node in nodes if node is not knowing]
        asleep, lost = others[:2], others[2:]
        for node in asleep:
            node.kill()
        wait_until("both are down", lambda: sum(member.state == MemberState.up for member in state_of(knowing).members) == 4)
        knowing.freeze()
        for node in lost:
            node.kill()
        for node in asleep:
            node.launch()
        first, second = sorted(asleep, key=lambda node: -wait_until("it answers", lambda: state_of(node).epoch))
        self.recover(first, first.name, second.name, "--yes")
        for node in asleep:
            wait_until(f"{node.name} may answer again", lambda node=node: has_lease(node))
        knowing.thaw()
        self.wait_until_logged(knowing, "which is void since an operator went on")
        self.assertIn("and what was decided in between is void", knowing.log())
        self.wait_until_logged(knowing, "what belonged to the old id is kept in")
        self.assertTrue(list(knowing.data_dir.glob("locator/node.*")), "its folder is dated away")
        self.wait_for_network([first, second, knowing])
        self.assertEqual({state_of(node).generation for node in (first, second, knowing)}, {1})

    def test_on_a_terminal_the_beginning_of_the_clusters_id_is_typed(self):
        nodes = self.nodes_of(3, 3)
        for node in nodes[1:]:
            node.kill()
        self.wait_until_logged(nodes[0], "no majority of the voters answers")
        self.assertEqual(self.type(nodes[0], "yes\n"), USAGE)
        self.assertEqual(state_of(nodes[0]).generation, 0)
        self.assertEqual(self.type(nodes[0], state_of(nodes[0]).cluster[:8] + "\n"), DONE)
        self.assertEqual(state_of(nodes[0]).generation, 1)

    def type(self, node, text):
        ours, theirs = pty.openpty()
        try:
            os.write(ours, text.encode())
            return subprocess.run(self.command(node), stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False, timeout=60 * settings.PATIENCE).returncode
        finally:
            os.close(ours)
            os.close(theirs)


class RecoverRefusedTest(RecoverCase):
    def test_while_a_majority_is_there(self):
        nodes = self.nodes_of(3, 3)
        self.assertIn("nothing to recover: 3 of 3 voters answer", self.recover(nodes[0], "--yes", code=FAILED))
        nodes[2].kill()
        self.assertIn("nothing to recover: 2 of 3 voters answer", self.recover(nodes[1], "--yes", code=FAILED))
        self.assertEqual(state_of(nodes[0]).generation, 0)

    def test_what_is_not_confirmed_or_names_the_wrong_survivors(self):
        survivors, lost = self.lose_a_majority_of_five()
        first, second = survivors
        told = self.recover(first, code=USAGE)
        self.assertIn("nothing was done: a recovery has to be confirmed", told)
        self.assertIn(f"given up   {lost[0].name}", told)
        self.assertIn(f"{lost[0].name} does not answer this node",
                      self.recover(first, first.name, second.name, lost[0].name, "--yes", code=FAILED))
        self.assertIn("this node is none of the survivors", self.recover(first, second.name, "--yes", code=FAILED))
        self.assertIn(f"{second.name} answers, and would be given up", self.recover(first, first.name, "--yes", code=FAILED))
        self.assertIn("no member has the address", self.recover(first, "127.0.0.1:1", "--yes", code=FAILED))
        self.assertEqual(state_of(first).generation, 0)

    def test_off_the_admin_socket_and_when_it_is_not_what_was_confirmed(self):
        nodes = self.nodes_of(2, 1)
        with self.assertRaises(TApplicationException) as refused:
            client.call(nodes[0].port, "recover", [], 1, [], interface=ClusterAdmin, service="locator.admin")
        self.assertIn("p2p:unknown", refused.exception.message)
        voter = next(member for member in state_of(nodes[0]).members if member.is_voter)
        dead, alive = nodes if nodes[0].name == voter.address else reversed(nodes)
        dead.kill()
        self.wait_until_logged(alive, "no majority of the voters answers")
        with client.connect_admin(str(alive.data_dir / "admin.sock"), ClusterAdmin, "locator.admin") as admin:
            with self.assertRaises(Refused) as other:
                admin.recover([], 1, [voter.id])
        self.assertIn("is not what was confirmed", other.exception.why)


if __name__ == "__main__":
    unittest.main()
