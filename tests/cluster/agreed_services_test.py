"""Services in an agreed cluster: calls run at the primary of their key, whoever comes, dies or leaves."""
import unittest

from harness import client, settings
from harness.agreed import AgreedTest
from harness.waiting import NOT_YET, wait_for_equal, wait_until

from counter import Counter
from work import Work

PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)
KEYS = [f"key-{number}" for number in range(40)]


def count(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Counter, service="counter")


def work(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Work, service="work", seconds=30)


class AgreedCounterTest(AgreedTest):
    """The example plugin `counter`, sharded by its configuration."""

    def counters(self, number, *arguments):
        return self.cluster(number, *PLUGINS, *arguments, config=settings.EXAMPLES / "counter" / "counter.toml")

    def owners(self, nodes, key):
        """Whom each node names as the key's owner, and where a call through it runs."""
        return {client.owner(node.port, key) for node in nodes} | {count(node, "where", key) for node in nodes}

    def test_a_call_runs_on_the_node_that_every_node_names(self):
        nodes = self.counters(3)
        wait_until("keys lie at every node",
                   lambda: {client.owner(nodes[0].port, key) for key in KEYS} == {node.name for node in nodes})
        for key in KEYS:
            wait_for_equal(f"one owner of {key}", 1, lambda key=key: len(self.owners(nodes, key)))

    def test_calls_go_on_when_any_node_dies(self):
        nodes = self.counters(6)
        self.wait_for_voters(nodes, 5)
        for killed in (nodes[0], nodes[2]):
            killed.kill()
            rest = [node for node in nodes if node.is_running()]
            for key in KEYS:
                wait_until(f"{key} is counted", lambda key=key: count(rest[0], "increment", key, 1) > 0)

    def test_a_service_that_only_some_run_is_found_there(self):
        nodes = self.counters(3)
        other = self.next_node(*PLUGINS, "--set", "services.counter.enabled=false", config=settings.EXAMPLES / "counter" / "counter.toml").start()
        self.wait_for_network([*nodes, other])
        wait_until("it owns keys", lambda: other.name in {client.owner(other.port, key) for key in KEYS})
        names = {node.name for node in nodes}
        for key in KEYS:
            self.assertIn(count(nodes[0], "where", key), names)


class AgreedWorkTest(AgreedTest):
    """The example plugin `work`, which moves what it holds."""

    def network(self, number):
        return self.cluster(number, *PLUGINS, config=settings.EXAMPLES / "work" / "work.toml")

    def test_jobs_run_once_and_what_they_left_is_found_through_every_node(self):
        nodes = self.network(3)
        for key in KEYS:
            for number in range(2):
                self.assertEqual(work(nodes[number], "submit", "job", key.encode(), "append", b""), b"job")
        for key in KEYS:
            for node in nodes:
                self.assertEqual(work(node, "ledger", key.encode()), ["job"])

    def test_what_a_job_left_moves_with_its_key(self):
        nodes = self.network(2)
        for key in KEYS:
            work(nodes[0], "submit", "job", key.encode(), "append", b"")
        joined = self.next_node(*PLUGINS, config=settings.EXAMPLES / "work" / "work.toml").start()
        nodes.append(joined)
        self.wait_for_network(nodes)
        wait_until("it owns keys", lambda: joined.name in {client.owner(nodes[0].port, key) for key in KEYS})
        for key in KEYS:
            wait_for_equal(f"the ledger of {key}", ["job"], lambda key=key: work(joined, "ledger", key.encode()))
        nodes[0].leave()
        self.wait_for_network(nodes[1:])
        for key in KEYS:
            wait_for_equal(f"the ledger of {key}", ["job"], lambda key=key: work(joined, "ledger", key.encode()))


if __name__ == "__main__":
    unittest.main()
