"""Who is let in, and who waits? Every no names both values and what to do."""
import re
import unittest

from harness import address, client, settings
from harness.agreed import AgreedTest, state_of
from harness.agreed_store import AgreedStoreTest
from harness.case import ALONE, discovery
from harness.ports import free_port, free_ports
from harness.waiting import wait_until

CLOCK_SKEW = settings.BUILD / "lib" / "libclock_skew.so"


def network_of(node):
    """The id of the network that the node is in."""
    return state_of(node).cluster


class ExpectTest(AgreedStoreTest):
    EXPECT = ("--set", "services.locator.config.expect=3")

    def test_nodes_that_expect_members_serve_when_they_are_there_and_say_what_they_wait_for(self):
        ports = free_ports(3)
        nodes = [self.node(*discovery(ports), *self.EXPECT, port=port) for port in ports]
        for count, node in enumerate(nodes[:2], 1):
            node.launch()
            self.wait_until_logged(node, f"the network has {count} of the 3 members that this node expects: start more, or set "
                                         "expect lower")
        for node in nodes[:2]:
            self.assertEqual(node.status().state, "starting")
            self.assertNotEqual(node.service("diststore").state, "ready")
        nodes[2].launch()
        for node in nodes:
            node.wait_until_ready()
        self.wait_for_network(nodes)
        client.write(nodes[0].port, "key", "value")
        self.assertEqual(client.read(nodes[1].port, "key"), b"value")


class WayBackTest(AgreedTest):
    def assert_refused(self, first, joiner, why):
        self.wait_until_logged(joiner, f"{first.name} refuses this node: its way back is {why}")
        self.assertIn(f"ours is {joiner.elsewhere}; set [host] advertise to an address at which the other members reach this "
                      "node", joiner.log())
        self.wait_until_logged(first, f"{joiner.elsewhere} cannot join: this node does not reach it at that address: {why}")
        self.assertEqual(first.members(), self.members)
        self.assertNotEqual(joiner.status().state, "ready")

    def joiner(self, first, elsewhere):
        node = self.node("--join", first.name, "--set", f"host.advertise={elsewhere}")
        node.elsewhere = elsewhere
        return node.launch()

    def test_a_node_that_cannot_be_called_back_is_refused_with_its_address_and_the_fix(self):
        first = self.lonely_node()
        self.members = [first.name]
        joiner = self.joiner(first, address.here(free_port()))
        self.assert_refused(first, joiner, f"cannot connect to {joiner.elsewhere}: ")

    def test_a_node_that_gives_the_address_of_another_is_refused_with_who_answers_there(self):
        first = self.lonely_node()
        other = self.node("--join", first.name).start()
        self.members = sorted((first.name, other.name))
        joiner = self.joiner(first, other.name)
        self.assert_refused(first, joiner, "node ")
        self.assertIn(" answers there", joiner.log())


class ClockTest(AgreedTest):
    def clocks(self, hours):
        return {"LD_PRELOAD": str(CLOCK_SKEW), "P2P_CLOCK_SKEW": str(hours * 3600)}

    def test_a_node_whose_clock_is_wrong_is_refused_with_both_clocks_and_the_fix(self):
        first = self.lonely_node()
        for hours in (-2, 2):
            with self.subTest(hours=hours):
                joiner = self.node("--join", first.name, environment=self.clocks(hours)).launch()
                self.wait_until_logged(joiner, "set the clocks of both machines, for instance by NTP")
                told = re.search(rf"{first.name} refuses this node: its clock is (\d+) ms, ours is (\d+) ms; .* they are "
                                 r"(\w+) apart, and may be 1m", joiner.log())
                apart = int(told[2]) - int(told[1])
                self.assertEqual(round(apart / 3_600_000), hours)
                self.wait_until_logged(first, f"{joiner.name} cannot join: its clock is {told[2]} ms, the network's is {told[1]} ms")
                self.assertEqual(first.members(), [first.name])
                self.end([joiner])

    def test_a_clock_that_is_a_little_wrong_is_none(self):
        first = self.lonely_node()
        joiner = self.node("--join", first.name, environment={**self.clocks(0), "P2P_CLOCK_SKEW": "20"}).start()
        self.wait_for_network([first, joiner])


class TwoNetworksTest(AgreedTest):
    def assert_both_say_so(self, one, other):
        ids = {node.name: network_of(node) for node in (one, other)}
        self.assertNotEqual(ids[one.name], ids[other.name])
        for here, there in ((one, other), (other, one)):
            told = rf"its network is {ids[there.name]}, ours is {ids[here.name]}; two networks never merge: stop the nodes of one"
            wait_until(f"{here.name} says so", lambda here=here, told=told: re.search(told, here.log()))
            self.assertNotIn("advertise", here.log())

    def test_two_networks_that_meet_on_one_machine_stay_two_and_both_say_so(self):
        ports = free_ports(2)
        searching = self.node(*discovery(ports), port=ports[1]).start()
        found = self.node(*ALONE, port=ports[0]).start()
        self.assert_both_say_so(searching, found)
        self.assertEqual([node.members() for node in (searching, found)], [[searching.name], [found.name]])

    def test_a_node_that_is_told_to_join_both_of_two_networks_joins_one_and_both_say_so(self):
        networks = [self.lonely_node(), self.lonely_node()]
        third = self.node("--join", networks[0].name, "--join", networks[1].name).start()
        mine, other = sorted(networks, key=lambda node: network_of(node) != network_of(third))
        self.assert_both_say_so(third, other)
        self.wait_for_network([mine, third])
        self.wait_for_network([other])


if __name__ == "__main__":
    unittest.main()
