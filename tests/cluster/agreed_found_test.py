"""A network that is founded by hand: p2phost --found (J6)."""
import unittest

from harness.agreed import FEW, AgreedTest, identities, state_of
from harness.case import ALONE
from harness.waiting import wait_until

REFUSED = 69
CONFIGURATION = 78


class FoundTest(AgreedTest):
    def again(self, node, *arguments):
        """The same node, with these arguments."""
        return self.node(*FEW, *arguments, port=node.port, data_dir=node.data_dir)

    def test_it_founds_where_it_remembers_nothing_and_returns_to_that_network_ever_after(self):
        first = self.lonely_node(*FEW)
        founder = self.node(*FEW, "--join", first.name, "--found").start()
        self.assertIn("founded a network", founder.log())
        self.assertNotEqual(state_of(founder).cluster, state_of(first).cluster)
        cluster = state_of(founder).cluster
        for _ in range(2):
            founder.kill()
            founder.start()
            self.assertEqual(state_of(founder).cluster, cluster)
        self.assertIn("--found has been done", founder.log())
        self.assertEqual(len({identity for identity, _ in identities(founder)}), 1)

    def test_it_succeeds_the_network_whose_members_are_gone_and_they_join_as_new_nodes(self):
        nodes = self.cluster(3, *FEW)
        self.wait_for_voters(nodes, 3)
        cluster = state_of(nodes[0]).cluster
        for node in nodes:
            node.kill()
        founder = self.again(nodes[0], *ALONE, "--found").start()
        self.assertIn("an operator founds its network anew (--found)", founder.log())
        self.assertTrue(list(founder.data_dir.glob("locator/node.*")), "the old folder is dated away")
        self.assertNotEqual(state_of(founder).cluster, cluster)
        for node in nodes[1:]:
            node.start()
            self.wait_until_logged(node, "that network has ended, and this one succeeds it")
        self.wait_for_network([founder, *nodes[1:]])

        # By a service manager, with the same arguments.
        succeeded = state_of(founder).cluster
        founder.kill()
        founder.start()
        self.assertEqual(state_of(founder).cluster, succeeded)
        self.wait_for_network([founder, *nodes[1:]])

    def test_it_is_refused_while_a_member_of_that_network_answers(self):
        nodes = self.cluster(3, *FEW)
        self.wait_for_voters(nodes, 3)
        nodes[0].kill()
        again = self.again(nodes[0], "--found").launch()
        self.assertEqual(again.wait(), REFUSED)
        self.assertIn("--found is refused", again.log())
        self.assertIn("start this node without --found", again.log())
        nodes[0].start()
        self.wait_for_network(nodes)
        self.assertEqual(len({identity for identity, _ in identities(nodes[0])}), 1)

    def test_it_is_refused_where_others_wait_for_a_majority_of_that_network(self):
        nodes = self.cluster(3, *FEW)
        self.wait_for_voters(nodes, 3)
        for node in nodes[1:]:
            node.kill()
        self.wait_until_logged(nodes[0], "no majority of the voters answers")
        again = self.again(nodes[1], "--found").launch()
        self.assertEqual(again.wait(), REFUSED)
        self.assertIn(f"{nodes[0].name}, a member of the network", again.log())

    def test_a_node_that_was_removed_founds_no_second_network_with_the_same_arguments(self):
        nodes = self.cluster(4, *FEW, "--set", "services.locator.config.remove_after=1s")
        self.wait_for_voters(nodes, 3)
        voters = {member.address for member in state_of(nodes[0]).members if member.is_voter}
        lost = next(node for node in nodes if node.name not in voters)
        nodes.remove(lost)
        lost.kill()
        for node in nodes:
            wait_until(f"{node.name} has removed it", lambda node=node: len(state_of(node).members) == 3)
        # It is told so, and not let in as it is.
        differs = self.again(lost, "--join", nodes[0].name, "--set", "services.locator.config.copies=2").launch()
        self.wait_until_logged(differs, "what belonged to the old id is kept in")
        self.wait_until_logged(differs, "set it alike")
        self.assertTrue(list(lost.data_dir.glob("locator/node.*")), "its folder is dated away")
        differs.kill()
        again = self.again(lost, "--join", nodes[0].name, "--found").start()
        self.assertIn("--found is not done", again.log())
        self.assertIn("which was down for too long", again.log())
        self.assertEqual(state_of(again).cluster, state_of(nodes[0]).cluster)
        self.wait_for_network([*nodes, again])

    def test_it_is_refused_in_mode_classic(self):
        node = self.node("--set", "services.locator.config.mode=classic", "--found").launch()
        self.assertEqual(node.wait(), CONFIGURATION)
        self.assertIn("it needs mode", node.log())

    def test_a_lone_starter_that_waits_names_both_ways_out(self):
        nodes = self.cluster(3, *FEW)
        self.wait_for_voters(nodes, 3)
        for node in nodes[:2]:
            node.kill()
        nodes[2].freeze()  # it may be there
        nodes[0].launch()
        wait_until("it says so", lambda: "p2pctl recover" in state_of(nodes[0]).waits_for
                   and "--found" in state_of(nodes[0]).waits_for)


if __name__ == "__main__":
    unittest.main()
