"""Nodes that agree on one cluster map: they find each other, die, come back and leave."""
import os
import pathlib
import signal
import tempfile
import unittest

from harness.agreed import AgreedTest, identities
from harness.case import ALONE, discovery
from harness.ports import free_ports
from harness.waiting import wait_until

# How often nodes that start at once are tried; many times in the soak.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "3"))


class AgreedNetworkTest(AgreedTest):
    def test_the_first_node_founds_a_network_and_others_join_it(self):
        nodes = self.cluster(3)
        self.assertIn("founded a network", nodes[0].log() + nodes[1].log() + nodes[2].log())
        # The map changes for a while: copies move to where they belong.
        wait_until("all show the same view", lambda: len({node.status().view for node in nodes}) == 1)

    def test_ten_nodes_started_at_once_form_one_network(self):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                nodes = self.cluster(10)
                self.assertEqual(sum("founded a network" in node.log() for node in nodes), 1)
                self.end(nodes)

    def test_a_node_given_by_join_is_enough_to_find_all(self):
        first = self.lonely_node()
        second = self.node("--join", first.name).start()
        third = self.node("--join", second.name).start()
        self.wait_for_network([first, second, third])

    def test_nodes_that_name_each_other_found_one_network_when_all_are_there(self):
        ports = free_ports(3)
        nodes = [self.node(*(argument for port in ports for argument in ("--join", f"127.0.0.1:{port}")), port=port)
                 for port in ports]
        for node in nodes[:2]:
            node.launch()
        self.wait_until_logged(nodes[0], "not ready yet")
        nodes[2].launch()
        for node in nodes:
            node.wait_until_ready()
        self.wait_for_network(nodes)
        self.assertEqual(sum("founded a network" in node.log() for node in nodes), 1)

    def test_a_killed_node_is_a_member_no_more_and_comes_back_as_itself(self):
        nodes = self.cluster(4)
        self.wait_for_voters(nodes, 3)
        killed = nodes[2]
        killed.kill()
        self.wait_for_network([nodes[0], nodes[1], nodes[3]])
        killed.start()
        self.wait_for_network(nodes)
        (first, one), (second, two) = identities(killed)
        self.assertEqual((first, one + 1), (second, two))
        self.assertIn("came back to 3 other members", killed.log())

    def test_the_coordinator_and_another_voter_may_die_at_once(self):
        nodes = self.cluster(6)
        self.wait_for_voters(nodes, 5)
        for node in nodes[:2]:
            node.kill()
        self.wait_for_network(nodes[2:])
        for node in nodes[:2]:
            node.launch()
        for node in nodes[:2]:
            node.wait_until_ready()
        self.wait_for_network(nodes)

    def test_a_member_that_was_down_for_too_long_joins_as_a_new_one(self):
        nodes = self.cluster(3, "--set", "services.locator.config.remove_after=1s")
        nodes[2].kill()
        self.wait_for_network(nodes[:2])
        nodes[2].start()
        self.wait_for_network(nodes)

    def test_a_node_that_leaves_is_forgotten_and_ends_well(self):
        nodes = self.cluster(4)
        nodes[1].leave()
        self.wait_for_network([nodes[0], nodes[2], nodes[3]])

    def test_without_a_majority_nodes_say_who_is_missing_and_go_on_when_it_is_back(self):
        nodes = self.cluster(3)
        self.wait_for_voters(nodes, 3)
        for node in nodes[1:]:
            node.kill()
        self.wait_until_logged(nodes[0], "no majority of the voters answers")
        self.assertIn(f"{nodes[1].name} (not heard of for", nodes[0].log())
        for node in nodes[1:]:
            node.launch()
        for node in nodes[1:]:
            node.wait_until_ready()
        self.wait_until_logged(nodes[0], "a majority of the voters answers again")
        self.wait_for_network(nodes)

    def test_a_frozen_node_is_down_and_comes_back_when_it_wakes(self):
        nodes = self.cluster(4)
        self.wait_for_voters(nodes, 3)
        nodes[3].freeze()
        self.wait_for_network(nodes[:3])
        nodes[3].thaw()
        self.wait_for_network(nodes)


class AgreedEndTest(AgreedTest):
    """A network that ended, and its nodes start again; those that are started together listen within two seconds."""

    def test_a_lone_starter_of_a_network_that_was_killed_founds_anew_and_the_others_follow(self):
        nodes = self.cluster(3)
        for node in nodes:
            node.kill()
        nodes[1].start()
        self.assertIn("all members of its network have ended", nodes[1].log())
        for node in (nodes[0], nodes[2]):
            node.start()
        self.wait_for_network(nodes)

    def test_all_killed_and_started_at_once_are_the_network_that_they_were(self):
        nodes = self.cluster(3)
        for node in nodes:
            node.kill()
        for node in nodes:
            node.launch()
        for node in nodes:
            node.wait_until_ready()
        self.wait_for_network(nodes)
        for node in nodes:
            self.assertEqual(len({identity for identity, _ in identities(node)}), 1)


class AgreedLeaveTest(AgreedTest):
    def test_all_leave_at_once_and_start_again(self):
        for count in (3, 5):
            with self.subTest(count=count):
                nodes = self.cluster(count)
                for node in nodes:
                    node.send_signal(signal.SIGTERM)
                for node in nodes:
                    self.assertEqual(node.wait(), 0)
                    self.assertNotIn("calls were still in hand", node.log())
                for node in nodes:
                    node.launch()
                for node in nodes:
                    node.wait_until_ready()
                self.wait_for_network(nodes)
                self.end(nodes)


class AgreedRefusalTest(AgreedTest):
    def test_a_node_with_other_copies_is_told_both_values_and_the_fix(self):
        first = self.lonely_node()
        other = self.node("--join", first.name, "--set", "services.locator.config.copies=5").launch()
        self.wait_until_logged(other, "its copies is 3, ours is 5")
        self.assertEqual(first.members(), [first.name])

    def test_a_classic_node_is_refused_with_both_modes(self):
        ports = free_ports(2)
        first = self.node(*discovery(ports), port=ports[0]).start()
        classic = self.node(*discovery(ports), "--set", "services.locator.config.mode=classic", port=ports[1]).start()
        self.wait_until_logged(classic, "refuses us: its placement is")
        self.assertEqual(first.members(), [first.name])

    def test_a_second_process_on_the_same_folder_is_refused(self):
        first = self.lonely_node()
        second = self.node(data_dir=first.data_dir).launch()
        self.assertNotEqual(second.wait(), 0)
        self.assertEqual(first.members(), [first.name])

    def test_two_stores_on_a_node_are_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "two.toml"
            config.write_text('[services.locator]\n[services.diststore]\n[services.second]\nplugin = "diststore"\n')
            node = self.node(*ALONE, "--set", "services.locator.config.partitions=4096", config=config).launch()
            self.assertEqual(node.wait(), 78)
        self.assertIn("services.diststore and services.second both provide p2p.diststore.IStore/1; disable one of them", node.log())
        self.assertNotIn("founded a network", node.log())


if __name__ == "__main__":
    unittest.main()
