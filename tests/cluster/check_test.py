"""--check refuses what the start would refuse, with the same code, and leaves nothing behind."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import settings
from harness.moody import MoodyTest
from harness.node_process import clean_environment, run_p2phost
from harness.ports import free_port

SERVICE_FAILED, SYSTEM, CONFIGURATION = 69, 71, 78
NOBODYS_ADDRESS = "192.0.2.1"  # RFC 5737


class RefusedStartTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="p2phost-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "file"
        self.file.write_text("something else")

    def run_it(self, *arguments):
        place = {"--listen": f"127.0.0.1:{free_port()}", "--data-dir": self.folder / "data"}
        given = [word for flag, value in place.items() if flag not in arguments for word in (flag, value)]
        return run_p2phost("--config", settings.STORE_CONFIG, *given, *arguments)

    def test_what_the_start_refuses_the_check_refuses(self):
        long = self.folder / ("d" * 110)
        rows = [
            (CONFIGURATION, "no address that others can reach", ["--set", "host.advertise=0.0.0.0:9900"]),
            (CONFIGURATION, "an address of many machines", ["--set", "host.advertise=224.0.0.1:9900"]),
            (CONFIGURATION, "an address of many machines", ["--set", "host.advertise=[ff02::1]:9900"]),
            (CONFIGURATION, "which nobody can listen on", ["--listen", "224.0.0.1:9900"]),
            (CONFIGURATION, "names a port", ["--listen", "127.0.0.1:0", "--set", "host.advertise=127.0.0.1:9900"]),
            (SYSTEM, "cannot listen on", ["--listen", f"{NOBODYS_ADDRESS}:9900"]),
            (CONFIGURATION, "host.waiting_bytes_max lets 1MiB wait", ["--set", "host.waiting_bytes_max=1MiB"]),
            (CONFIGURATION, "host.reply_bytes_max lets 128KiB wait", ["--set", "host.reply_bytes_max=64KiB"]),
            (SYSTEM, "Not a directory", ["--data-dir", self.file]),
            (SYSTEM, "Not a directory", ["--data-dir", self.file / "data"]),
            (SYSTEM, "the system takes 107", ["--data-dir", long]),
            (SYSTEM, "is no folder", ["--set", "host.admin=nowhere/admin.sock"]),
            (SYSTEM, "names no file", ["--set", "host.admin="]),
            (SYSTEM, "there is something else", ["--set", f"host.admin={self.file}"]),
            (CONFIGURATION, "cannot open the log file", ["--set", f"log.file={self.folder}"]),
            (CONFIGURATION, "cannot open the log file", ["--set", f"log.file={self.folder}/nowhere/log"]),
            (CONFIGURATION, "five eighths of a message", ["--set", "services.diststore.config.value_bytes_max=32MiB"]),
            (CONFIGURATION, "five eighths of a message", ["--set", "host.frame_bytes_max=1MiB"]),
            (CONFIGURATION, "'101%' is neither a size", ["--set", "services.diststore.config.memory_max=101%"]),
            (CONFIGURATION, "'1KiB' is neither a size", ["--set", "services.diststore.config.memory_max=1KiB"]),
            (CONFIGURATION, "a port is needed", ["--join", "127.0.0.1:0"]),
            (CONFIGURATION, "which is above 65535", ["--set", "services.locator.config.discover_port_first=65535"]),
        ]
        for code, text, arguments in rows:
            with self.subTest(arguments):
                checked = self.run_it("--check", *arguments)
                self.assertIn(text, checked.stderr)
                self.assertEqual(checked.returncode, code, checked.stderr)
                started = self.run_it(*arguments)
                self.assertIn(text, started.stderr)
                self.assertEqual(started.returncode, code, started.stderr)
                self.assertEqual(self.file.read_text(), "something else")

    def test_the_check_makes_nothing(self):
        before = sorted(self.folder.rglob("*"))
        self.assertEqual(self.run_it("--check", "--set", f"log.file={self.folder}/log").returncode, 0)
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_texts_that_are_none_are_refused(self):
        for code, arguments in [
            (78, [b"--node", b"n\xff"]), (78, [b"--node", b"n\nm"]), (78, [b"--data-dir", b"/tmp/\xff"]),
            (78, [b"--set", b"host.cluster=c\xc3"]), (78, [b"--set", b"host.default_service=diststore,l\x1b"]),
            (78, [b"--join", b"h\xff:1"]), (64, [b"--config", b"\xff.toml"]), (64, [b"--plugin-dir", b"\xff"]),
        ]:
            with self.subTest(arguments):
                command = [os.fsencode(settings.P2PHOST), *arguments]
                if b"--config" not in arguments:
                    command += [b"--config", os.fsencode(settings.STORE_CONFIG)]
                for check in ([b"--check"], []):
                    done = subprocess.run(command + check, capture_output=True, env=clean_environment(self.folder),
                                          cwd=self.folder, timeout=60 * settings.PATIENCE, check=False)
                    self.assertEqual(done.returncode, code, done.stderr)
                    shown = done.stderr.decode()  # the message itself can be read
                    self.assertRegex(shown, "must be valid UTF-8|must not contain control characters")
                    self.assertNotIn("\x1b", shown)

    def test_variables_of_kubernetes_refuse_nothing_and_are_named_once(self):
        environment = {"P2PHOST_PORT": "tcp://10.96.0.12:9900", "P2PHOST_SERVICE_HOST": "10.96.0.12",
                       "P2PHOST_SERVICE_PORT_RPC": "9900", "P2PHOST_PORT_9900_TCP_ADDR": "10.96.0.12"}
        command = [str(settings.P2PHOST), "--config", str(settings.STORE_CONFIG), "--check"]
        done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(self.folder, environment),
                              timeout=60 * settings.PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("Kubernetes"), 1, done.stderr)
        mistaken = subprocess.run(command, capture_output=True, text=True,
                                  env=clean_environment(self.folder, {**environment, "P2PHOST_PORT": "9901"}),
                                  timeout=60 * settings.PATIENCE, check=False)
        self.assertEqual(mistaken.returncode, 78)
        self.assertIn("P2PHOST_PORT: error: names no key", mistaken.stderr)


class PluginsAskedTest(MoodyTest):
    def check(self, **configuration):
        self.configure(**configuration)
        return run_p2phost("--config", self.config, "--check", "--plugin-dir", settings.TEST_PLUGINS,
                           "--data-dir", self.folder / "data", seconds=60)

    def test_a_value_that_only_the_plugin_can_judge_is_told_with_its_place(self):
        refused = self.check(options="size = 13", diststore_options='value_bytes_max = "32MiB"')
        self.assertEqual(refused.returncode, CONFIGURATION)
        lines = self.config.read_text().splitlines()
        for text, said in (("size = 13", "services.moody.config.size: must not be 13"),
                           ("value_bytes_max", "services.diststore.config.value_bytes_max: ")):
            number, line = next((number, line) for number, line in enumerate(lines, 1) if line.startswith(text))
            self.assertIn(f"{self.config}:{number}:{line.index('=') + 3}: error: {said}", refused.stderr)

    def test_a_service_that_is_not_required_is_warned_of(self):
        warned = self.check(moody="required = false", options="size = 13")
        self.assertEqual(warned.returncode, 0, warned.stderr)
        self.assertIn("warning: services.moody.config.size: must not be 13", warned.stderr)

    def test_a_plugin_that_crashes_is_told_and_the_others_are_asked_all_the_same(self):
        crashed = self.check(options='fails = "configure"', diststore_options='value_bytes_max = "32MiB"')
        self.assertEqual(crashed.returncode, CONFIGURATION)
        self.assertIn("services.moody: configure() of service moody ended the process by signal 6", crashed.stderr)
        self.assertIn("five eighths of a message", crashed.stderr)
        self.assertEqual(self.check(options='fails = "configure"').returncode, SERVICE_FAILED)

    def test_a_plugin_that_hangs_is_ended_after_start_timeout(self):
        lock = self.folder / "lock"
        lock.touch()
        hung = self.check(host='start_timeout = "4s"', options=f'holds = "configure"\nwhile_there = "{lock}"')
        self.assertEqual(hung.returncode, SERVICE_FAILED, hung.stderr)
        self.assertIn("services.moody: configure() of service moody did not return within 4 s", hung.stderr)

    def test_other_mistakes_do_not_hide_what_plugins_say(self):
        refused = self.check(host='port_serch = 3', options="size = 13")
        self.assertIn("unknown key 'host.port_serch'", refused.stderr)
        self.assertIn("must not be 13", refused.stderr)


if __name__ == "__main__":
    unittest.main()
