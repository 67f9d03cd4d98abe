"""Values with a time to live, on an agreed cluster: they are there until it ends, also when their primary dies, then they are gone for
everybody, and are erased on all copies. Nothing here says how soon: clocks of one machine are one clock, and what is waited for comes."""
import json
import signal
import subprocess
import unittest

from harness import settings
from harness.agreed_store import AgreedStoreTest
from harness.store_faults import StoreFaults
from harness.waiting import wait_for_equal, wait_until

from p2p_client import Client, Rejected
from p2p_client.errors import ConditionFailed

DONE, NO, REFUSED = 0, 1, 5
PATIENT_SECONDS = 30 * settings.PATIENCE
LONG = 1_000_000.0
KEYS = [f"key{number}".encode() for number in range(200)]


def p2pctl(node, *words):
    """Exit code, and what it printed."""
    ended = subprocess.run([str(settings.P2PCTL), "--node", node.name, *words], capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=PATIENT_SECONDS)
    return ended.returncode, ended.stdout + ended.stderr


class TtlCase(StoreFaults, AgreedStoreTest):
    def client_of(self, nodes):
        client = Client(*(node.name for node in nodes), deadline=PATIENT_SECONDS)
        self.addCleanup(client.close)
        return client

    def keys_at(self, nodes):
        return {node.name: node.gauge("keys") for node in nodes}

    def scanned(self, client):
        shown, cursor = {}, b""
        while True:
            page = client.scan(cursor)
            shown.update((item.key, item.ttl_left_ms) for item in page.items)
            cursor = page.cursor
            if not cursor:
                return shown


class TtlTest(TtlCase):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.wait_until_settled(self.nodes)
        self.client = self.client_of(self.nodes)

    def test_what_has_expired_is_gone_and_swept_and_what_has_not_survives_its_primary(self):
        self.client.write_many([(key, b"short") for key in KEYS[:100]], ttl=2.5)
        self.client.write_many([(key, b"long") for key in KEYS[100:]], ttl=LONG)
        self.client.write(b"ever", b"v")
        self.assertLessEqual(self.client.read(KEYS[100]).ttl_left_ms, LONG * 1000)
        self.assertIsNone(self.client.read(b"ever").ttl_left_ms)
        killed = self.primary_of(self.nodes, KEYS[0].decode())
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        alive = [node for node in self.nodes if node is not killed]
        wait_until("the short ones are gone", lambda: not any(one.found for one in self.client.read_many(KEYS[:100])), 30)
        rest = self.client.read_many(KEYS[100:])
        self.assertTrue(all(one.found and 0 < one.ttl_left_ms <= LONG * 1000 for one in rest))
        shown = self.scanned(self.client)
        self.assertEqual(set(shown), {*KEYS[100:], b"ever"})
        self.assertIsNone(shown[b"ever"])
        self.assertGreater(shown[KEYS[100]], 0)
        wait_for_equal("copies hold what lives", {node.name: 101 for node in alive}, lambda: self.keys_at(alive), 60)
        killed.launch()
        killed.wait_until_ready(60)
        self.wait_until_settled(self.nodes)
        wait_for_equal("so does the one that is back", 101, lambda: killed.gauge("keys"), 60)
        self.assertTrue(all(one.found and one.ttl_left_ms for one in self.client.read_many(KEYS[100:])))

    def test_nobody_has_to_ask_for_what_is_swept(self):
        self.client.write_many([(key, b"v") for key in KEYS], ttl=1)
        self.client.write(b"ever", b"v")
        wait_for_equal("it is erased everywhere", {node.name: 1 for node in self.nodes}, lambda: self.keys_at(self.nodes), 60)
        self.assertEqual(sum(node.gauge("expired_keys") for node in self.nodes), len(KEYS))

    def test_conditions_and_erases_take_it_for_absent(self):
        first = self.client.write(b"k", b"v", ttl=0.2)
        wait_until("it can be written anew", lambda: self.written_if_absent(b"k"), 30)
        with self.assertRaises(ConditionFailed):
            self.client.write(b"k", b"x", if_version=first.version)
        self.client.write(b"other", b"v", ttl=0.001)
        wait_until("it is not found", lambda: not self.client.read(b"other").found, 30)
        self.assertFalse(self.client.erase(b"other").found)

    def written_if_absent(self, key):
        try:
            self.client.write(key, b"w", if_absent=True, ttl=LONG)
        except ConditionFailed:
            return False
        return True

    def test_p2pctl_puts_for_a_while_and_json_tells_what_is_left(self):
        self.assertEqual(p2pctl(self.nodes[0], "put", "k", "v", "--ttl", "1h")[0], DONE)
        code, text = p2pctl(self.nodes[1], "--json", "get", "k")
        self.assertEqual(code, DONE, text)
        self.assertTrue(3_000_000 < json.loads(text)["ttl_ms"] <= 3_600_000, text)
        self.assertEqual(p2pctl(self.nodes[1], "get", "k"), (DONE, "v\n"))
        self.assertEqual(p2pctl(self.nodes[0], "put", "k", "v")[0], DONE)
        self.assertNotIn("ttl_ms", p2pctl(self.nodes[2], "--json", "get", "k")[1])
        self.assertEqual(p2pctl(self.nodes[0], "put", "--ttl", "1ms", "k", "v")[0], DONE)
        wait_until("it is gone", lambda: p2pctl(self.nodes[2], "get", "k")[0] == NO, 30)
        for wrong in ("0s", "soon", "-1s"):
            self.assertEqual(p2pctl(self.nodes[0], "put", "k", "v", f"--ttl={wrong}")[0], 2, wrong)

    def test_the_python_client_refuses_what_is_no_time_to_live(self):
        for wrong in (0, -1, float("nan"), 1e12):
            with self.assertRaises(ValueError):
                self.client.write(b"k", b"v", ttl=wrong)
        self.assertFalse(self.client.read(b"k").found)


class FormerMemberTest(TtlCase):
    """M7: it is used once all members know it."""

    FORMER = ("--set", f"services.locator.plugin=\"{settings.FORMER_LOCATOR / 'locator.so'}\"")

    def test_it_is_refused_until_the_last_former_member_is_upgraded(self):
        former = self.cluster(1, *self.FORMER)[0]
        newer = self.next_node().start()
        self.wait_for_network([former, newer])
        client = self.client_of([newer])
        with self.assertRaises(Rejected) as refused:
            client.write(b"k", b"v", ttl=LONG)
        self.assertIn("feature level", str(refused.exception))
        with self.assertRaises(Rejected):
            client.write_many([(b"k", b"v")], ttl=LONG)
        code, text = p2pctl(newer, "put", "k", "v", "--ttl", "1h")
        self.assertEqual(code, REFUSED, text)
        client.write(b"k", b"v")
        former.leave()
        self.wait_for_network([newer])
        wait_until("it is taken", lambda: self.is_taken(client), 30)

    def is_taken(self, client):
        try:
            client.write(b"k", b"v", ttl=LONG)
        except Rejected:
            return False
        return bool(client.read(b"k").ttl_left_ms)


if __name__ == "__main__":
    unittest.main()
