"""p2pctl lab: nodes, a load, faults from a script and a verdict, without hands; and nothing is left of it."""
import json
import os
import pathlib
import pty
import select
import shlex
import signal
import subprocess
import sys
import unittest

from harness import settings
from harness.case import ClusterTest
from harness.node_process import clean_environment
from harness.waiting import wait_until

GOOD, BAD, USAGE, NO_NODE = 0, 1, 2, 3
END_SECONDS = 120

FAULTS = """\
wait operations 100
random kill,stop every 600ms for 1800ms
wait healthy
wait operations 100
expect linearizable
expect lost 0
expect operations >= 200
"""
LONG = "random stop every 1s for 1h\n"


def processes_that_name(folder):
    """The command lines of processes, of whoever, in which `folder` stands."""
    found = []
    for place in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes()
        except OSError:  # it has ended
            continue
        if str(folder).encode() in words:
            found.append(words.replace(b"\0", b" "))
    return found


class LabCase(ClusterTest):
    def setUp(self):
        super().setUp()
        self.folder = self.temporary_folder()

    def command(self, script, *arguments, config=settings.STORE_CONFIG):
        file = self.folder / "faults.lab"
        file.write_text(script)
        return [str(settings.P2PCTL), "--json", "lab", "--config", str(config), "--script", str(file), *map(str, arguments)]

    def start(self, command):
        # The lab's own folder is below this one, so that all its processes can be told by it.
        environment = clean_environment(self.folder, {"TMPDIR": str(self.folder)})
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def lab(self, script, *arguments, code=GOOD, **places):
        """Runs it to its end: its standard output and error."""
        process = self.start(self.command(script, *arguments, **places))
        output, errors = process.communicate(timeout=END_SECONDS * settings.PATIENCE)
        self.assertEqual(process.returncode, code, output + errors)
        self.assert_nothing_is_left()
        return output, errors

    def verdict(self, *arguments, said="", **places):
        """What it tells; `said`: by the load."""
        output, errors = self.lab(*arguments, **places)
        self.assertRegex(errors, f"^{said}$")
        return json.loads(output)

    def nodes_of_lab(self):
        return [line for line in processes_that_name(f"{self.folder}/p2plab-") if b"p2phost --config" in line]

    def assert_nothing_is_left(self):
        wait_until("no process of the lab is left", lambda: not processes_that_name(f"{self.folder}/p2plab-"))
        self.assertEqual(list(self.folder.glob("p2plab-*")), [])


class LabTest(LabCase):
    def test_the_same_seed_has_the_same_faults_in_the_same_order_and_the_same_verdict(self):
        first, second = (self.verdict(FAULTS, "--seed", 6) for _ in range(2))
        self.assertEqual(len(first["faults"]), 6)
        self.assertEqual(first["faults"], second["faults"])
        self.assertEqual((first["verdict"], second["verdict"]), ("good", "good"))
        self.assertGreater(first["load"]["condition_failed"], 0)  # it also has conditions that are met by others before

    def test_a_mistake_in_a_script_is_told_by_its_place_and_nothing_is_started(self):
        _, errors = self.lab("wait healthy\n  kil 2\nkill 9\n", code=USAGE)
        self.assertTrue(errors.startswith(f"{self.folder}/faults.lab:2:3: error: unknown step 'kil'"), errors)
        _, errors = self.lab("wait healthy\nkill 9\n", code=USAGE)
        self.assertEqual(errors, f"{self.folder}/faults.lab:2:6: error: node 9: there are 3 then\n")
        _, errors = self.lab("wait operations 9\n", "--load", "true", code=USAGE)
        self.assertIn("faults.lab:1:1: error: ", errors)

    def test_an_expectation_that_is_not_met_is_a_bad_verdict(self):
        verdict = self.verdict("wait operations 10\nexpect operations <= 1\nexpect lost 0\n", "--nodes", 1, code=BAD)
        self.assertEqual([one["met"] for one in verdict["expectations"]], [False, True])
        self.assertTrue(verdict["load"]["linearizable"])

    def test_a_load_of_the_users_own_has_the_verdict(self):
        script = "wait healthy\n"
        told = "test \"${P2P_LAB_NODES%:*}\" = 127.0.0.1 && cat"
        self.assertEqual(self.verdict(script, "--nodes", 1, "--load", told)["verdict"], "good")
        verdict = self.verdict(script, "--nodes", 1, "--load", "cat; exit 1", code=BAD)
        self.assertEqual(verdict["problems"], ["the load ended with 1"])

    def test_what_a_load_has_started_ends_with_it(self):
        self.verdict("wait healthy\n", "--nodes", 1, "--load", f"tail -f {shlex.quote(str(self.folder))}/faults.lab >&2 & cat",
                     said=".*\n?")
        self.assertEqual(processes_that_name(self.folder), [])

    def test_the_users_own_network_is_left_alone(self):
        config = self.folder / "own.toml"
        log = self.folder / "own.log"
        config.write_text(f'[log]\nfile = "{log}"\n[host]\nadvertise = "10.255.0.1:9900"\n[services.diststore]\n'
                          '[services.locator.config]\nexpect = 3\njoin = ["127.0.0.1:9"]\n')
        self.assertEqual(self.verdict("wait operations 10\n", "--nodes", 2, config=config)["verdict"], "good")
        self.assertFalse(log.exists())

    def test_nodes_come_back_from_the_death_of_all(self):
        script = "wait operations 50\nkill 1\nkill 2\nkill 3\nresume 1\nresume 2\nresume 3\nwait healthy\nwait operations 50\n"
        verdict = self.verdict(script, code=BAD)
        self.assertEqual(verdict["problems"], [])  # what three copies in memory held is gone, which is the verdict

    def test_nodes_that_do_not_start_are_no_verdict(self):
        _, errors = self.lab("wait healthy\n", "--", "--set", "host.listn=1", code=NO_NODE)
        self.assertIn("did you mean", errors)

    def test_an_interrupt_ends_everything_that_it_has_started(self):
        process = self.start(self.command(LONG))
        wait_until("three nodes run", lambda: len(self.nodes_of_lab()) == 3, 30)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=END_SECONDS * settings.PATIENCE)
        self.assertIn(process.returncode, (BAD, NO_NODE))  # the last node may still have been starting
        self.assert_nothing_is_left()

    def test_no_node_outlives_a_lab_that_is_killed(self):
        process = self.start(self.command(LONG, "--nodes", 1))
        wait_until("its node runs", lambda: len(self.nodes_of_lab()) == 1, 30)
        process.kill()
        process.communicate()
        wait_until("its node has ended", lambda: not self.nodes_of_lab())

    def test_on_a_terminal_keys_do_it(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        command = [str(settings.P2PCTL), "lab", "--config", str(settings.STORE_CONFIG), "--nodes", "2"]
        process = subprocess.Popen(command, env=clean_environment(self.folder, {"TMPDIR": str(self.folder)}), stdin=theirs,
                                   stdout=theirs, stderr=theirs)
        self.addCleanup(process.kill)
        os.close(theirs)
        seen = b""

        def shows(text):
            nonlocal seen
            if select.select([ours], [], [], 0)[0]:
                seen += os.read(ours, 65536)
            found = seen.find(text)
            seen = seen[found + len(text):] if found >= 0 else seen
            return found >= 0

        wait_until("the table is drawn", lambda: shows(b"n next node"), 30)
        for keys, text in ((b"k", b"is killed"), (b"k", b"no kill"), (b"r", b"resume 1"), (b"ns", b"is stopped"), (b"rq", b"verdict: good")):
            os.write(ours, keys)
            wait_until(f"{keys} is done", lambda text=text: shows(text), 30)
        self.assertEqual(process.wait(END_SECONDS * settings.PATIENCE), GOOD)
        self.assert_nothing_is_left()

    @unittest.skipUnless(os.geteuid() == 0, "cut needs root")
    def test_a_node_that_is_cut_off_comes_back(self):
        verdict = self.verdict("cut 1\nwait operations 300\nresume 1\nwait healthy\n")
        self.assertEqual(verdict["faults"], ["cut 1", "resume 1"])

    def test_without_root_cut_is_refused_by_name(self):
        if os.geteuid() == 0:
            self.skipTest("root may cut")
        _, errors = self.lab("cut 1\n", code=USAGE)
        self.assertIn("cut needs root", errors)


class PluginTest(LabCase):
    """A plugin in the lab, with a load of its own: what is promised for it is judged by its own rules."""

    def test_the_queue_loses_nothing_and_pops_nothing_twice(self):
        here = pathlib.Path(__file__).parent
        load = f"cd {shlex.quote(str(here))} && exec {shlex.quote(sys.executable)} queue_lab_load.py"
        verdict = self.verdict("random kill,stop every 800ms for 2400ms\nwait healthy\n", "--load", load, "--",
                               "--plugin-dir", settings.EXAMPLE_PLUGINS, config=settings.EXAMPLES / "queue" / "queue.toml",
                               said=r"\d+ items, .* 0 too many, 0 gone, \[\]\n")
        self.assertEqual((verdict["verdict"], len(verdict["faults"])), ("good", 6))


if __name__ == "__main__":
    unittest.main()
