"""The store on an agreed cluster, as users meet it: what is put anywhere is found everywhere, also when its node dies, leaves, or gives
the store up."""
import concurrent.futures
import json
import signal
import subprocess
import unittest

from harness import settings
from harness.agreed_store import AgreedStoreTest
from harness.store_faults import StoreFaults
from harness.waiting import wait_until

KEYS = [f"key{number}" for number in range(40)]
DONE, NO = 0, 1


def p2pctl(node, *words):
    """Exit code, and what it printed."""
    ended = subprocess.run([str(settings.P2PCTL), "--node", node.name, *words], capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=30 * settings.PATIENCE)
    return ended.returncode, ended.stdout + ended.stderr


class KeysTest(StoreFaults, AgreedStoreTest):
    """KEYS in a network of `count` nodes with `arguments`."""
    count = 3
    arguments = ()

    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(self.count, *self.arguments)
        self.wait_until_settled(self.nodes)

    def answer(self, node, *words, code=DONE):
        ended, text = p2pctl(node, *words)
        self.assertEqual(ended, code, text)
        return text

    def put_all(self):
        for number, key in enumerate(KEYS):
            self.answer(self.nodes[number % self.count], "put", key, f"value of {key}")

    def check_all(self, nodes):
        for number, key in enumerate(KEYS):
            self.assertEqual(self.answer(nodes[number % len(nodes)], "get", key), f"value of {key}\n")

    def holds(self, node):
        """Primaries and copies of the node, as another one knows it."""
        shown = self.document(self.nodes[0], "map")
        return next((member["primaries"], member["in_sync"]) for member in shown["members"] if member["address"] == node.name)


class AgreedStoreUseTest(KeysTest):
    def test_what_is_put_at_one_node_is_found_at_all_and_deleted_at_another(self):
        self.put_all()
        for first in range(3):
            self.check_all(self.nodes[first:] + self.nodes[:first])
        self.answer(self.nodes[0], "delete", KEYS[0])
        self.answer(self.nodes[1], "get", KEYS[0], code=NO)
        self.answer(self.nodes[2], "delete", KEYS[0], code=NO)

    def why(self, node, key, primaries):
        """What `node` tells once all is well with `key` at one of `primaries`."""
        def told():
            code, text = p2pctl(node, "--json", "why", key)
            found = json.loads(text) if code == DONE else {}
            return found if found.get("primary") in [one.name for one in primaries] else None

        return wait_until(f"{node.name} tells that all is well with {key}", told, 30)

    def test_why_tells_where_a_key_is_and_how_well_from_any_node(self):
        key = KEYS[0]
        self.answer(self.nodes[0], "put", key, "apple")
        names = sorted(node.name for node in self.nodes)
        primary = self.primary_of(self.nodes, key)
        version = json.loads(self.answer(self.nodes[0], "--json", "get", key))["version"]
        for node in self.nodes:
            told = self.why(node, key, [primary])
            self.assertEqual((told["primary"], told["found"], told["value_bytes"]), (primary.name, True, 5))
            self.assertEqual((told["version"], told["term"]), (version, version["stamp"]))
            self.assertEqual(sorted(copy["node"] for copy in told["copies"]), names)
            self.assertEqual({copy["state"] for copy in told["copies"]}, {"up"})
            self.assertTrue(told["lease"]["holds"])
            self.assertLessEqual(told["changed"], told["epoch"])
        listed = json.loads(self.answer(self.nodes[0], "--json", "map", "--partitions"))["partition_list"]
        self.assertEqual(listed[told["partition"]]["primary"], primary.name)
        text = self.answer(primary, "why", key)
        self.assertIn(f"partition {told['partition']} of 4096, term {told['term']}", text)
        self.assertRegex(text, rf"(?m)^{primary.name} +up +primary +holds for \d+ ms$")
        self.assertIn(f"version {version['stamp']}.{version['node']}, a value of 5 bytes\n", text)
        self.assertIn("there is no such key\n", self.answer(self.nodes[0], "why", "missing", code=NO))

        primary.kill()
        others = [node for node in self.nodes if node is not primary]
        after = self.why(others[0], key, others)
        self.assertEqual((after["version"], after["partition"]), (version, told["partition"]))
        self.assertGreater(after["term"], told["term"])
        self.assertGreaterEqual(after["changed"], after["term"])

    def test_nothing_is_lost_with_a_node_that_is_killed_and_it_gets_all_back(self):
        self.put_all()
        killed = self.primary_of(self.nodes, KEYS[0])
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        self.check_all([node for node in self.nodes if node is not killed])
        killed.launch()
        killed.wait_until_ready(60)
        self.wait_until_settled(self.nodes)
        self.check_all([killed])

    def test_nothing_is_lost_with_nodes_that_leave_but_the_last(self):
        self.put_all()
        for _ in range(2):
            left = self.nodes.pop()
            left.leave()
            self.wait_for_network(self.nodes)
            self.check_all(self.nodes)

    def test_a_condition_decides_between_writers(self):
        self.answer(self.nodes[0], "cas", "lock", "absent", "mine")
        there = self.answer(self.nodes[1], "cas", "lock", "absent", "yours", code=NO).splitlines()[0]
        self.assertEqual(self.answer(self.nodes[2], "get", "lock"), "mine\n")
        self.answer(self.nodes[1], "cas", "lock", there, "yours")
        self.assertEqual(self.answer(self.nodes[2], "get", "lock"), "yours\n")

    def test_a_member_without_the_store_holds_nothing_and_passes_calls_on(self):
        self.put_all()
        without = self.nodes[2]
        disabled = without.ctl("disable", "--force", "diststore")
        self.assertEqual(disabled.returncode, DONE, disabled.stdout + disabled.stderr)
        wait_until("the others hold everything", lambda: self.holds(without) == (0, 0), 30)
        self.check_all(self.nodes[:2])

    def test_a_store_that_is_disabled_hands_over_first_and_has_its_copies_again_when_it_is_enabled(self):
        self.put_all()
        without = self.nodes[2]
        disabled = without.ctl("disable", "diststore")
        self.assertEqual(disabled.returncode, DONE, disabled.stdout + disabled.stderr)
        self.assertEqual(self.holds(without), (0, 0), "others have its copies before it stops")
        self.check_all(self.nodes[:2])
        enabled = without.ctl("enable", "diststore")
        self.assertEqual(enabled.returncode, DONE, enabled.stdout + enabled.stderr)
        self.wait_until_settled(self.nodes)
        self.check_all(self.nodes)

    def test_stores_that_are_disabled_all_at_once_do_not_take_the_last_copies_with_them(self):
        self.put_all()
        with concurrent.futures.ThreadPoolExecutor(len(self.nodes)) as each:
            ends = list(each.map(lambda node: node.ctl("disable", "diststore").returncode, self.nodes))
        left = [node for node, end in zip(self.nodes, ends) if end != DONE]
        self.assertTrue(left, "one keeps what nobody else has")
        self.check_all(left)


class TwoNodesTest(KeysTest):
    count = 2

    def test_after_all_stores_were_forced_to_stop_one_that_is_enabled_serves_everything_anew(self):
        self.put_all()
        with concurrent.futures.ThreadPoolExecutor(len(self.nodes)) as each:
            for stopped in each.map(lambda node: node.ctl("disable", "--force", "diststore"), self.nodes):
                self.assertEqual(stopped.returncode, DONE, stopped.stdout + stopped.stderr)
        without, enabled = self.nodes
        began = enabled.ctl("enable", "diststore")
        self.assertEqual(began.returncode, DONE, began.stdout + began.stderr)
        wait_until("it has everything", lambda: self.holds(without) == (0, 0), 30)
        for key in KEYS:
            self.answer(without, "get", key, code=NO)
        self.put_all()
        self.check_all(self.nodes)


if __name__ == "__main__":
    unittest.main()
