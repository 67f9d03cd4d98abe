"""A plugin that knows only the SDK, layered on the locator, sees each join and each leave exactly once."""
import unittest

from harness import client, settings
from harness.case import ALONE, ClusterTest
from harness.waiting import wait_for_equal, wait_until

from locator.ttypes import Location
from probe import Probe

CONFIG = """\
[host]
default_service = ["probe"]
[services.locator]
[services.locator.config]
mode = "classic"
[services.probe]
plugin = "ring_probe"
"""


class RingProbeTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.config = self.temporary_folder() / "probe.toml"
        self.config.write_text(CONFIG)

    def probe(self, *arguments, **places):
        return self.node("--plugin-dir", settings.TEST_PLUGINS, *arguments, config=self.config, **places).start()

    def test_it_answers_as_a_locator_by_its_name_by_its_interface_and_by_default(self):
        node = self.probe(*ALONE)
        for service in ("probe", "Probe", None):
            with client.connect(node.port, Probe, service) as probe:
                probe.ping()
                self.assertEqual(probe.service_type(), "probe.Probe")
                self.assertEqual(probe.service_types(), ["locator.Base", "locator.Locator", "probe.Probe"])
                self.assertEqual([client.name_of(member) for member in probe.get_all()], [node.name])
                self.assertEqual(client.name_of(probe.get_node("a")), node.name)
                self.assertEqual(probe.seen(), [])

    def test_a_join_is_seen_once_whichever_way_the_node_heard_of_it(self):
        nodes = [self.probe(*ALONE) for _ in range(4)]
        first, others = nodes[0], nodes[1:]
        expected = []
        for service, joined in zip(("locator", "probe", None), others):
            self.tell(first, "add", service, joined)
            expected.append(f"add {joined.name}")
            wait_for_equal(f"{joined.name} seen, told to {service}", expected, lambda: seen(first))
        self.wait_for_network(nodes)
        # Heard again in every way, directly and by the comparing of views, it is no news.
        for service in ("locator", "probe", None):
            for joined in others:
                self.tell(first, "add", service, joined)
        self.assertEqual(seen(first), expected)
        for node in others:
            self.assert_seen_once(node, [f"add {other.name}" for other in nodes if other is not node])

    def test_the_classic_join_is_seen_once_whichever_service_it_came_through(self):
        nodes = [self.probe(*ALONE) for _ in range(4)]
        expected = []
        for service, joined in zip(("locator", "probe", None), nodes[1:]):
            self.tell(nodes[0], "join", service, joined)
            expected.append(f"add {joined.name}")
            wait_for_equal(f"{joined.name} seen, told to {service}", expected, lambda: seen(nodes[0]))
        self.wait_for_network(nodes)
        self.assertEqual(seen(nodes[0]), expected)

    def test_a_leave_is_seen_once_by_everyone_who_stays(self):
        first = self.probe(*ALONE)
        nodes = [first] + [self.probe("--join", first.name) for _ in range(3)]
        self.wait_for_network(nodes)
        joins = {node: seen(node) for node in nodes}
        for node in nodes:
            self.assert_seen_once(node, [f"add {other.name}" for other in nodes if other is not node])
        gone = nodes.pop()
        gone.leave()
        self.assertEqual(gone.log().count("cleanup seen, 3 members remain"), 1)
        self.wait_for_network(nodes)
        for node in nodes:
            self.assert_seen_once(node, joins[node] + [f"remove {gone.name}"])

    def test_a_classic_remove_of_a_dead_node_is_seen_once_whichever_service_it_came_through(self):
        first = self.probe(*ALONE)
        others = [self.probe("--join", first.name) for _ in range(3)]
        self.wait_for_network([first, *others])
        expected = seen(first)
        for service, dead in zip(("locator", "probe", None), others):
            dead.kill()
            self.tell(first, "remove", service, dead)
            expected.append(f"remove {dead.name}")
            wait_for_equal(f"the end of {dead.name} seen, told to {service}", expected, lambda: seen(first))

    def test_a_restart_is_seen_as_one_more_join(self):
        first = self.probe(*ALONE)
        second = self.probe("--join", first.name)
        self.wait_for_network([first, second])
        second.kill()
        second.start()
        wait_for_equal("both lives seen", 2, lambda: seen(first).count(f"add {second.name}"))
        self.wait_for_network([first, second])
        self.assertLessEqual(seen(first).count(f"remove {second.name}"), 1)

    def tell(self, node, method, service, about):
        location = Location("127.0.0.1", about.port)
        arguments = (location,) if method == "join" else (location, [])
        with client.connect(node.port, Probe, service) as probe:
            getattr(probe, method)(*arguments)
            probe.ping()  # comes behind it

    def assert_seen_once(self, node, expected):
        wait_until(f"{node.name} has seen {len(expected)} changes", lambda: len(seen(node)) >= len(expected))
        self.assertEqual(sorted(seen(node)), sorted(expected))


def seen(node):
    return client.call(node.port, "seen", interface=Probe, service="probe")


if __name__ == "__main__":
    unittest.main()
