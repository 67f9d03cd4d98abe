"""Scans of the store on an agreed cluster: every key that stays is shown, while nodes join, leave and die in the middle of them."""
import asyncio
import json
import signal
import subprocess
import threading
import unittest

from harness import settings
from harness.agreed_store import AgreedStoreTest
from harness.store_faults import StoreFaults

from p2p_client import AsyncClient, Client, Failed, Rejected

DONE = 0
# So many that a scan in small pages goes on while nodes move.
KEYS = {f"key-{number:04}".encode() for number in range(2_000)}
PAGE_KEYS = 20
PATIENT_SECONDS = 30 * settings.PATIENCE


def p2pctl(node, *words):
    """Exit code, and what it printed."""
    ended = subprocess.run([str(settings.P2PCTL), "--node", node.name, *words], capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=30 * settings.PATIENCE)
    return ended.returncode, ended.stdout, ended.stderr


class Scan:
    """A scan, page by page."""

    def __init__(self, client, **options):
        self._client = client
        self._options = options
        self._cursor = b""
        self.shown = set()
        self.pages = 0
        self.has_ended = False

    def turn(self):
        page = self._client.scan(self._cursor, **self._options)
        self.shown.update(item.key for item in page.items)
        self._cursor = page.cursor
        self.pages += 1
        self.has_ended = not page.cursor

    def finish(self):
        while not self.has_ended:
            self.turn()
        return self.shown


class AgreedScanTest(StoreFaults, AgreedStoreTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.wait_until_settled(self.nodes)
        self.client = Client(*(node.name for node in self.nodes), deadline=PATIENT_SECONDS)
        self.addCleanup(self.client.close)
        self.client.write_many({key: b"value of " + key for key in KEYS})

    def begun_scan(self):
        """One that has shown some keys and is far from its end."""
        scan = Scan(self.client, limit=PAGE_KEYS)
        for _ in range(10):
            scan.turn()
        self.assertFalse(scan.has_ended)
        return scan

    def test_p2pctl_lists_keys_by_prefix_with_values_and_up_to_a_limit(self):
        for node in self.nodes:
            code, output, errors = p2pctl(node, "scan")
            self.assertEqual((code, errors), (DONE, ""))
            self.assertEqual(sorted(output.splitlines()), sorted(key.decode() for key in KEYS))
        code, output, _ = p2pctl(self.nodes[0], "scan", "--prefix", "key-000", "--values")
        self.assertEqual(sorted(output.splitlines()), [f"key-000{digit}\tvalue of key-000{digit}" for digit in range(10)])
        code, output, _ = p2pctl(self.nodes[1], "scan", "--limit", "7")
        self.assertEqual(len(output.splitlines()), 7)
        code, output, _ = p2pctl(self.nodes[2], "--json", "scan", "--prefix", "key-0001", "--values")
        shown = json.loads(output)
        version = self.client.read(b"key-0001").version
        self.assertEqual(shown, {"complete": True, "keys": [
            {"key": "key-0001", "value": "value of key-0001", "version": {"stamp": version.stamp, "node": version.node}}]})
        code, output, _ = p2pctl(self.nodes[2], "--json", "scan", "--limit", "3")
        self.assertEqual((len(json.loads(output)["keys"]), json.loads(output)["complete"]), (3, False))

    def test_both_python_clients_list_all_keys_and_a_bad_cursor_is_refused(self):
        quiet = Scan(self.client)
        self.assertEqual(quiet.finish(), KEYS)

        async def scan():
            found, cursor = {}, b""
            async with AsyncClient(self.nodes[1].name, deadline=PATIENT_SECONDS) as client:
                while True:
                    page = await client.scan(cursor, prefix="key-00", values=True)
                    found.update((item.key, item.value) for item in page.items)
                    cursor = page.cursor
                    if not cursor:
                        return found

        self.assertEqual(asyncio.run(scan()), {key: b"value of " + key for key in KEYS if key.startswith(b"key-00")})
        cursor = self.client.scan(limit=5).cursor
        for bad in (b"x", cursor[:-1], cursor + b"x"):
            with self.assertRaisesRegex(Rejected, "cursor"):
                self.client.scan(bad)

    def test_keys_that_stay_are_shown_while_a_node_joins_and_one_leaves(self):
        scans = [self.begun_scan() for _ in range(2)]
        joined = self.join_one(self.nodes)
        scans.append(self.begun_scan())
        scans[0].turn()
        self.wait_until_settled([*self.nodes, joined])
        scans.append(self.begun_scan())
        self.nodes[0].leave()
        for scan in scans:
            self.assertEqual(KEYS - scan.finish(), set())

    def test_keys_that_stay_are_shown_during_moves_while_others_come_and_go(self):
        is_over = threading.Event()
        errors, scans = [], []

        def scan_on():
            client = Client(*(node.name for node in self.nodes), deadline=PATIENT_SECONDS)
            try:
                while not is_over.is_set() or len(scans) < 2:
                    scans.append(Scan(client, limit=200).finish())
            except Failed as failure:
                errors.append(failure)
            finally:
                client.close()

        scanning = threading.Thread(target=scan_on)
        scanning.start()
        try:
            joined = self.join_one(self.nodes)
            for number in range(500):
                self.client.write(f"other-{number}", "x")
                if number % 2:
                    self.client.erase(f"other-{number}")
            self.wait_until_settled([*self.nodes, joined])
            self.nodes[1].leave()
        finally:
            is_over.set()
            scanning.join()
        self.assertEqual(errors, [])
        for shown in scans:
            self.assertEqual(KEYS - shown, set())

    def test_keys_that_stay_are_shown_when_a_node_is_killed_in_the_middle(self):
        scans = [self.begun_scan() for _ in range(3)]
        killed = self.primary_of(self.nodes, "key-0001")
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        self.assertEqual(KEYS - scans[0].finish(), set())
        killed.launch()
        killed.wait_until_ready(60)
        self.wait_until_settled(self.nodes)
        for scan in scans[1:]:
            self.assertEqual(KEYS - scan.finish(), set())
        self.assertEqual(Scan(self.client).finish(), KEYS)


if __name__ == "__main__":
    unittest.main()
