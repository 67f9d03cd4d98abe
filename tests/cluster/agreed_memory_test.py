"""memory_max, on an agreed cluster: writes are refused when it is reached, by one copy or by all; nothing dies, nothing that was
acknowledged is lost, and what is erased makes room. Nothing here says how soon."""
import signal
import subprocess
import unittest

from harness import client, settings
from harness.agreed_store import AgreedStoreTest
from harness.store_faults import StoreFaults
from harness.waiting import wait_until

from diststore.ttypes import Item, StoreError, StoreErrorKind, WriteOptions

MAX = 8 << 20
LIMIT = ("--set", f"services.diststore.config.memory_max={MAX}")
NO_LIMIT = ("--set", "services.diststore.config.memory_max=none")
VALUE = b"v" * 20_000
# So many refusals on end mean that all primaries have heard of it.
ALL_REFUSE = 20
WRITES_MAX = 2_000


def key_of(number):
    return f"key{number}".encode()


class MemoryCase(StoreFaults, AgreedStoreTest):
    def writers(self, nodes):
        opened = [client.connect(node.port, seconds=30) for node in nodes]
        for one in opened:
            self.addCleanup(one.__exit__, None, None, None)
        return [one.__enter__() for one in opened]

    def is_refused(self, writer, key, value):
        """Whether memory_max has kept it from being stored; any other end of the call is an error."""
        try:
            writer.write(key, value, WriteOptions())
        except StoreError as error:
            self.assertEqual(error.kind, StoreErrorKind.not_executed, error)
            self.assertIn("memory_max", error.message)
            self.assertRegex(error.message, r"[0-9.]+ of [0-9.]+ MiB")
            return True
        return False

    def fill(self, writers):
        """The numbers of the keys that were acknowledged, and one that was refused."""
        stored, refused = [], []
        for number in range(WRITES_MAX):
            if self.is_refused(writers[number % len(writers)], key_of(number), VALUE):
                refused.append(number)
                if number - refused[-min(len(refused), ALL_REFUSE)] == ALL_REFUSE - 1 and len(refused) >= ALL_REFUSE:
                    return stored, refused[-1]
            else:
                stored.append(number)
        self.fail("nothing was refused")
        return None

    def check_all(self, writers, stored):
        for place, number in enumerate(stored):
            self.assertEqual(writers[place % len(writers)].read(key_of(number), None).value, VALUE, number)

    def check_alive(self, nodes):
        for node in nodes:
            self.assertIsNone(node.process.poll(), node.log())

    def full_members(self, node):
        shown = self.document(node, "members").get("members", [])
        return sorted(one["address"] for one in shown if not one["takes_copies"])

    def kill_one(self, nodes, killed):
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        alive = [node for node in nodes if node is not killed]
        self.wait_for_network(alive, 30)
        return alive

    def make_room(self, writers, stored):
        for number in stored[: len(stored) // 2]:
            self.assertTrue(writers[number % len(writers)].erase(key_of(number), WriteOptions()).found)
        return stored[len(stored) // 2:]

    def wait_until_taken(self, writers, key):
        for writer in writers:
            wait_until("writes go on", lambda writer=writer: not self.is_refused(writer, key, VALUE), 30)


class AllLimitedTest(MemoryCase):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3, *LIMIT)
        self.wait_until_settled(self.nodes)
        self.all = self.writers(self.nodes)
        self.stored, self.refused = self.fill(self.all)

    def test_what_makes_nothing_larger_goes_on_and_the_rest_is_refused_in_any_form(self):
        self.assertGreater(len(self.stored), MAX // len(VALUE) // 2)
        self.check_alive(self.nodes)
        for node in self.nodes:
            self.assertLess(node.gauge("memory_bytes"), MAX)
            self.assertEqual(node.gauge("memory_max_bytes"), MAX)
        first, second, third = (key_of(number) for number in self.stored[:3])
        for writer in self.all:
            self.assertFalse(self.is_refused(writer, first, b"w" * len(VALUE)))
            self.assertFalse(self.is_refused(writer, second, b"small"))
            self.assertTrue(self.is_refused(writer, first, VALUE + VALUE))
            with self.assertRaises(StoreError) as raised:
                writer.write_many([Item(key_of(WRITES_MAX + number), VALUE) for number in range(10)], WriteOptions())
            self.assertEqual(raised.exception.kind, StoreErrorKind.not_executed)
            self.assertIn("memory_max", raised.exception.message)
            self.assertEqual(writer.read(third, None).value, VALUE)
            self.assertFalse(writer.read(key_of(self.refused), None).found)
        put = subprocess.run([str(settings.P2PCTL), "--node", self.nodes[0].name, "put", "another", VALUE.decode()],
                             capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                             timeout=60 * settings.PATIENCE)
        self.assertNotEqual(put.returncode, 0)
        self.assertIn("memory_max", put.stderr)

    def test_a_death_loses_nothing_and_erases_make_room(self):
        alive = self.kill_one(self.nodes, self.nodes[0])
        writers = self.all[1:]
        self.check_all(writers, self.stored)
        self.check_alive(alive)
        left = self.make_room(writers, self.stored)
        self.wait_until_taken(writers, b"again")
        self.check_all(writers, left)
        self.nodes[0].launch()
        self.nodes[0].wait_until_ready(60)
        self.wait_until_settled(self.nodes)
        self.kill_one(self.nodes, self.nodes[1])
        self.check_all([self.all[2]], left)


class OneLimitedTest(MemoryCase):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(2, *NO_LIMIT)

    def test_a_copy_that_is_full_dies_not_and_differs_not(self):
        small = self.next_node(*LIMIT).start()
        nodes = [*self.nodes, small]
        self.wait_until_settled(nodes)
        writers = self.writers(nodes)
        stored, _ = self.fill(writers)
        self.check_alive(nodes)
        self.assertIn("memory_max is reached", small.log())
        self.assertEqual(small.gauge("memory_max_bytes"), MAX)
        self.assertLess(small.gauge("memory_bytes"), MAX)
        for node in nodes:
            self.assertEqual(node.gauge("keys"), len(stored), "a copy has what was acknowledged, and nothing else")
            wait_until("it is seen", lambda node=node: self.full_members(node) == [small.name], 30)
        alive = self.kill_one(nodes, self.nodes[0])
        self.check_all(writers[1:], stored)
        left = self.make_room(writers[1:], stored)
        self.wait_until_taken(writers[1:], b"again")
        self.check_all(writers[1:], left)
        wait_until("it takes copies again", lambda: self.full_members(alive[0]) == [], 30)
        self.assertIn("memory_max is no longer reached", small.log())

    def test_a_node_that_joins_takes_no_more_copies_than_it_has_room_for(self):
        self.wait_until_settled(self.nodes)
        writers = self.writers(self.nodes)
        numbers = range(2 * MAX // len(VALUE))
        for number in numbers:
            self.assertFalse(self.is_refused(writers[number % 2], key_of(number), VALUE))
        small = self.next_node(*LIMIT).start()
        nodes = [*self.nodes, small]
        wait_until("it has taken what it can", lambda: self.full_members(nodes[0]) == [small.name], 60)
        wait_until("nothing more is on its way", lambda: sum(node.gauge("fills") for node in self.nodes) == 0, 60)
        self.check_alive(nodes)
        self.assertLess(small.gauge("memory_bytes"), MAX + MAX // 8)
        self.check_all(self.writers(nodes), numbers)


if __name__ == "__main__":
    unittest.main()
