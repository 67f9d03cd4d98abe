"""p2pctl copy brings the keys of one network into another while both are used, and may be done again without harm."""
import json
import os
import pty
import signal
import subprocess
import threading
import unittest

from harness import client, settings
from harness.agreed import AGREED
from harness.agreed_store import PARTITIONS
from harness.case import ALONE, ClusterTest
from harness.ports import free_port
from harness.seed_process import SeedProcess
from harness.store_faults import StoreFaults
from harness.waiting import wait_until

from p2p_client import Client

DONE, NO, USAGE, NO_NODE = 0, 1, 2, 3
PATIENT_SECONDS = 30 * settings.PATIENCE
# A copy of so much takes long enough to be met in its middle.
MANY = {f"key-{number:05}".encode(): b"%0600d" % number for number in range(60_000)}
FEW = {f"key-{number:03}".encode(): b"value of %d" % number for number in range(300)}
# More than one page, more than a message between nodes usually has, bytes that are no text, and nothing.
ODD = {b"large": bytes(range(256)) * 8_000, b"\x00\xff": b"\x80", b"empty": b""}


def command(to, source, *words):
    place = source if isinstance(source, str) else source.name
    return [str(settings.P2PCTL), "--node", to.name, "--json", "copy", "--from", place, *words]


def copy(to, source, *words):
    """Exit code, what is printed as JSON (None: nothing), and what is said beside it."""
    ended = subprocess.run(command(to, source, *words), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                           timeout=120 * settings.PATIENCE)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else None, ended.stderr


class CopyNetworks(StoreFaults, ClusterTest):
    """A test with networks of both modes."""

    def setUp(self):
        super().setUp()
        self._mode = ()

    def node(self, *arguments, **places):
        return super().node(*self._mode, *arguments, **places)

    def in_mode(self, mode):
        is_agreed = mode == "agreed"
        self.shipped_config = settings.STORE_CONFIG if is_agreed else settings.CLASSIC_CONFIG
        self._mode = (*AGREED, *PARTITIONS) if is_agreed else ()

    def network(self, mode, count):
        self.in_mode(mode)
        nodes = self.cluster(count)
        if mode == "agreed":
            self.wait_until_settled(nodes)
        return nodes

    def alone(self, mode, *arguments):
        self.in_mode(mode)
        return self.lonely_node(*arguments)

    def client_of(self, *nodes):
        opened = Client(*(node.name for node in nodes), deadline=PATIENT_SECONDS)
        self.addCleanup(opened.close)
        return opened

    def found(self, nodes, keys):
        """What is there of `keys`."""
        keys = list(keys)
        read = zip(keys, self.client_of(*nodes).read_many(keys))
        return {key: result.value for key, result in read if result.found}

    def copied(self, to, source, *words, code=DONE):
        ended, shown, said = copy(to, source, *words)
        self.assertEqual(ended, code, said)
        return shown

    def counts(self, shown):
        return shown["copied"], shown["already_there"], shown["failed"]

    def begun(self, to, source, *words):
        """A copy that is held in its middle."""
        process = subprocess.Popen(command(to, source, *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        wait_until("some keys are copied", lambda: to.gauge("keys") >= 500, 30)
        process.send_signal(signal.SIGSTOP)
        self.assertIsNone(process.poll(), "it was over before")
        self.assertLess(to.gauge("keys"), len(MANY))
        return process

    def goes_on(self, process, number=signal.SIGCONT):
        """Exit code, JSON and words of a copy that was held, and gets a signal now."""
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        output, said = process.communicate(timeout=180 * settings.PATIENCE)
        return process.returncode, json.loads(output), said


class CopyTest(CopyNetworks):
    def test_a_classic_network_becomes_an_agreed_one_and_a_second_copy_harms_nothing(self):
        old = self.network("classic", 3)
        everything = {**FEW, **ODD}
        self.client_of(*old).write_many(everything)
        new = self.network("agreed", 3)
        shown = self.copied(new[0], old[1])
        self.assertEqual((*self.counts(shown), shown["end"]), (len(everything), 0, 0, "complete"))
        self.assertEqual(shown["bytes"], sum(len(key) + len(value) for key, value in everything.items()))
        self.assertEqual(self.found(new, everything), everything)
        changed = self.client_of(*new)
        changed.write(b"key-007", b"newer")
        self.client_of(*old).write(b"late", b"come")
        shown = self.copied(new[2], old[0])
        self.assertEqual(self.counts(shown), (1, len(everything), 0))
        self.assertEqual(self.found(new, [*everything, b"late"]), {**everything, b"key-007": b"newer", b"late": b"come"})

    def test_times_to_live_go_along_and_a_prefix_leaves_the_others_out(self):
        old, new = self.alone("agreed"), self.alone("agreed")
        writes = self.client_of(old)
        writes.write_many(FEW)
        writes.write(b"key-session", b"abc", ttl=3600)
        writes.write(b"other", b"x")
        self.assertEqual(self.counts(self.copied(new, old, "--prefix", "key-")), (len(FEW) + 1, 0, 0))
        read = self.client_of(new).read(b"key-session")
        self.assertEqual(read.value, b"abc")
        self.assertLessEqual(read.ttl_left_ms, 3_600_000)
        self.assertGreater(read.ttl_left_ms, 0)
        self.assertFalse(self.client_of(new).read(b"other").found)
        self.assertIsNone(self.client_of(new).read(b"key-001").ttl_left_ms)

    def test_what_clients_write_in_the_new_network_meanwhile_stays(self):
        old, new = self.alone("classic"), self.alone("agreed")
        self.client_of(old).write_many(MANY)
        writes = self.client_of(new)
        written, is_over = {}, threading.Event()

        def write_on():
            keys = iter(reversed(MANY))
            while not is_over.is_set():
                key = next(keys, None)
                if key is None:
                    return
                writes.write(key, b"newer")
                written[key] = b"newer"

        writing = threading.Thread(target=write_on)
        writing.start()
        try:
            shown = self.copied(new, old)
        finally:
            is_over.set()
            writing.join()
        self.assertEqual(shown["copied"] + shown["already_there"], len(MANY))
        self.assertTrue(written)
        self.assertEqual(self.found([new], MANY), {**MANY, **written})

    def test_overwrite_lets_the_old_network_win_and_reaches_a_classic_one(self):
        for mode in ("agreed", "classic"):
            with self.subTest(mode=mode):
                old, new = self.alone("agreed"), self.alone(mode)
                self.client_of(old).write_many(FEW)
                self.client_of(new).write(b"key-007", b"other")
                for _ in range(2):
                    self.assertEqual(self.counts(self.copied(new, old, "--overwrite")), (len(FEW), 0, 0))
                self.assertEqual(self.found([new], FEW), FEW)

    def test_a_classic_network_takes_no_times_to_live(self):
        old, new = self.alone("agreed"), self.alone("classic")
        writes = self.client_of(old)
        writes.write_many(FEW)
        writes.write(b"session", b"abc", ttl=3600)
        code, shown, said = copy(new, old, "--overwrite")
        self.assertEqual((code, *self.counts(shown)), (NO, len(FEW), 0, 1))
        self.assertIn("'session': ", said)
        self.assertIn("time to live", said)

    def test_keys_that_the_new_network_does_not_take_are_named_and_the_others_copied(self):
        old = self.alone("classic")
        new = self.alone("agreed", "--set", "services.diststore.config.value_bytes_max=1KiB")
        self.client_of(old).write_many({**FEW, **ODD})
        code, shown, said = copy(new, old)
        self.assertEqual((code, *self.counts(shown), shown["end"]), (NO, len(FEW) + 2, 0, 1, "complete"))
        self.assertIn("p2pctl: not copied: 'large': ", said)
        self.assertIn("value_bytes_max is 1KiB", said)
        self.assertEqual(len(shown["failures"]), 1)

    def test_a_value_over_the_nodes_messages_holds_no_other_key_up(self):
        old = self.alone("agreed")
        new = self.alone("agreed", "--set", "host.frame_bytes_max=2MiB", "--set", "services.diststore.config.value_bytes_max=64KiB")
        self.client_of(old).write_many({**FEW, b"huge": bytes(3 << 20)})
        code, shown, said = copy(new, old)
        self.assertEqual((code, *self.counts(shown)), (NO, len(FEW), 0, 1), said)
        self.assertIn("[host] frame_bytes_max", said)

    def test_on_a_terminal_a_line_shows_how_it_goes(self):
        old, new = self.alone("classic"), self.alone("agreed")
        self.client_of(old).write_many(FEW)
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            words = [word for word in command(new, old) if word != "--json"]
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, text=True)
            os.close(theirs)
            output, _ = process.communicate(timeout=PATIENT_SECONDS)
            progress = b""
            try:
                while chunk := terminal.read(65536):
                    progress += chunk
            except OSError:
                pass  # the other end is closed
        self.assertEqual(process.returncode, DONE)
        self.assertRegex(output, rf"^{old.name} -> {new.name}, complete in [\d.]+ s: 300 keys: 300 copied \([\d.]+ MiB\), "
                                 r"0 already there, 0 failed; \d+ keys/s\n$")
        self.assertRegex(progress, rb"\r\x1b\[K\d+ keys: \d+ copied")
        self.assertTrue(progress.endswith(b"\r\x1b[K"), progress[-40:])


class CopyFaultsTest(CopyNetworks):
    def test_a_node_of_an_agreed_source_is_killed_in_the_middle(self):
        old = self.network("agreed", 3)
        self.client_of(*old).write_many(MANY)
        new = self.alone("agreed")
        held = self.begun(new, old[0])
        old[2].kill()
        code, shown, said = self.goes_on(held)
        self.assertEqual((code, shown["end"]), (DONE, "complete"), said)
        self.assertEqual(self.found([new], MANY), MANY)

    def test_an_interrupt_says_how_far_it_came_and_the_same_command_goes_on(self):
        old, new = self.alone("classic"), self.alone("agreed")
        self.client_of(old).write_many(MANY)
        held = self.begun(new, old)
        code, shown, said = self.goes_on(held, signal.SIGINT)
        self.assertEqual((code, shown["end"]), (NO, "interrupted"), said)
        self.assertIn("the same command goes on", said)
        again = self.copied(new, old)
        self.assertEqual(self.counts(again), (len(MANY) - shown["copied"], shown["copied"], 0))
        self.assertEqual(self.found([new], MANY), MANY)

    def test_a_copy_ends_when_the_source_does(self):
        old, new = self.alone("agreed"), self.alone("agreed")
        self.client_of(old).write_many(MANY)
        held = self.begun(new, old, "--timeout", "200ms")
        old.kill()
        code, shown, said = self.goes_on(held)
        self.assertEqual((code, shown["end"]), (NO_NODE, "failed"), said)
        self.assertIn("the network to copy from: ", said)
        self.assertIn("the same command goes on", said)
        self.assertLess(shown["copied"], len(MANY))

    def test_a_copy_goes_on_with_what_the_death_of_a_classic_node_has_left(self):
        old = self.network("classic", 3)
        self.client_of(*old).write_many(MANY)
        lost = old[2].gauge("keys")
        new = self.alone("agreed")
        held = self.begun(new, old[0])
        old[2].kill()
        code, shown, said = self.goes_on(held)
        self.assertEqual((code, shown["end"]), (DONE, "complete"), said)
        self.assertIn("looking through it again", said)
        found = self.found([new], MANY)
        self.assertEqual(found, {key: MANY[key] for key in found})
        self.assertGreaterEqual(len(found), len(MANY) - lost)

    def test_members_of_a_classic_source_come_and_go_in_the_middle(self):
        old = self.network("classic", 3)
        self.client_of(*old).write_many(MANY)
        joining = self.next_node()
        new = self.alone("agreed")
        held = self.begun(new, old[0])
        joining.start()
        old[2].leave()
        code, shown, said = self.goes_on(held)
        self.assertEqual((code, shown["end"]), (DONE, "complete"), said)
        self.assertEqual(self.found([new], MANY), MANY)
        self.assertEqual(shown["copied"] + shown["already_there"], len(MANY))

    def test_a_copy_ends_when_the_network_that_it_fills_does(self):
        old, new = self.alone("agreed"), self.alone("agreed")
        self.client_of(old).write_many(MANY)
        held = self.begun(new, old, "--timeout", "200ms")
        new.kill()
        code, shown, said = self.goes_on(held)
        self.assertEqual((code, shown["end"]), (NO_NODE, "failed"), said)
        self.assertIn("the network to copy to did not take the key", said)
        self.assertIn("the same command goes on", said)


class CopyRefusalTest(CopyNetworks):
    def refused(self, to, source, *words, code=USAGE):
        ended, shown, said = copy(to, source, *words)
        self.assertEqual((ended, shown), (code, None), said)
        return said

    def test_a_network_is_not_copied_into_itself(self):
        for mode in ("classic", "agreed"):
            with self.subTest(mode=mode):
                nodes = self.network(mode, 2)
                for source in nodes:
                    self.assertIn("the same network", self.refused(nodes[0], source))

    def test_a_classic_network_is_only_overwritten(self):
        old, new = self.alone("classic"), self.alone("classic")
        self.client_of(old).write_many(FEW)
        self.assertIn("--overwrite", self.refused(new, old))
        self.assertEqual(new.gauge("keys"), 0)

    def test_a_ring_with_a_node_of_the_2009_system_cannot_be_listed(self):
        old, new = self.alone("classic"), self.alone("agreed")
        self.client_of(old).write(b"a", b"apple")
        seed = SeedProcess()
        self._nodes.append(seed)
        seed.start(old)
        self.wait_for_network([old, seed])
        code, shown, said = copy(new, old)
        self.assertEqual((code, shown["copied"], shown["end"]), (NO_NODE, 0, "failed"), said)
        self.assertIn(seed.name, said)
        self.assertIn("let it leave", said)
        self.assertIn("2009 system", self.refused(new, seed, code=NO_NODE))

    def test_bad_words_and_nobody_there(self):
        new = self.alone("agreed")
        nobody = f"127.0.0.1:{free_port()}"
        self.assertIn("no node reached", self.refused(new, nobody, code=NO_NODE))
        self.refused(new, "nonsense")
        self.refused(new, nobody, "--prefix")
        ended = subprocess.run([str(settings.P2PCTL), "--node", new.name, "copy"], capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, USAGE)
        self.assertIn("--from is required", ended.stderr)


if __name__ == "__main__":
    unittest.main()
