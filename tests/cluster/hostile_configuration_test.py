"""What an operator, an editor or a script may put where a configuration, a plugin or a signal is looked for: no node ends or stalls by it."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

from harness import client, settings
from harness.case import ALONE, ClusterTest
from harness.node_process import clean_environment, run_p2phost
from harness.waiting import wait_until

CONFIGURATION = 78

CONFIG = """\
[services.locator]
[services.diststore]
"""

# The lines of a hundred problems with their excerpts, and a few more.
LINES_MAX = 320

MANY = 20_000
DEEP = ".".join(["a"] * MANY)


def many(form):
    return "".join(form.format(number) for number in range(MANY))


# Texts that are refused, by --check and by a node that runs.
HOSTILE = {
    "a deep key": f"{DEEP} = 1\n",
    "a deep table": f"[{DEEP}]\nx = 1\n",
    "a deep array of tables": f"[[{DEEP}]]\n",
    "a deep key in an inline table": f"x = {{{DEEP} = 1}}\n",
    "deep lists": "x = " + "[" * MANY + "]" * MANY + "\n",
    "deep inline tables": "x = " + "{a = " * MANY + "1" + "}" * MANY + "\n",
    "deep and unfinished": "x = " + "[{a.b = " * MANY,
    "deep, in two parts": f"[{'.'.join(['a'] * 30)}]\n{'.'.join(['b'] * 30)} = 1\n",
    "many unknown keys": CONFIG + "[host]\n" + many("k{} = 1\n"),
    "many unknown tables": many("[t{}]\n"),
    "many services": many("[services.s{}]\n"),
    "many services of one plugin": many('[services.s{}]\nplugin = "locator"\n'),
    "many methods": CONFIG + "[services.diststore.route]\n" + many("m{} = 1\n"),
    "many nodes with mistakes": CONFIG + many("[node.n{}.host]\nx = 1\n"),
    "many names": CONFIG + "[host]\ndefault_service = [" + many('"s{}", ') + "]\n",
    "many includes": "include = [" + many('"gone{}.toml", ') + "]\n" + CONFIG,
    "more values than are taken": "x = [" + "1," * 400_000 + "]\n",
    "more bytes than are taken": CONFIG + "#" * (3 << 20),
    "a long line": CONFIG + '[host]\ncall_timeout = "' + "x" * 1_500_000 + '"\n',
    "a long key": CONFIG + "[host]\n" + "k" * 1_500_000 + " = 1\n",
    "an include of itself": 'include = ["hostile.toml", "./hostile.toml"]\n' + CONFIG,
    "a zero byte": CONFIG + '[host]\ncluster = "a\0b"\n',
    "bytes that are no UTF-8": (CONFIG + '[host]\ncluster = "').encode() + b'\xff\xfe"\n',
    "escapes of a terminal": CONFIG + '[host]\n"\\u001b[2J" = 1\n',
    "UTF-16": CONFIG.encode("utf-16"),
    "noise": bytes(range(256)) * 100,
}


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


# Files that are none, and the words by which they are refused.
KINDS = {
    "it is a pipe": make_fifo,
    "it is a socket": make_socket,
    "it is a device": lambda path: path.symlink_to("/dev/zero"),
    "it is a folder": pathlib.Path.mkdir,
    "No such file": lambda path: path.symlink_to("nowhere"),
}


class FolderTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.folder = self.temporary_folder()
        self.config = self.folder / "hostile.toml"

    def write(self, text):
        self.config.write_bytes(text if isinstance(text, bytes) else text.encode())

    def replace(self, path, make):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        make(path)

    def assert_told_briefly(self, said):
        self.assertLess(len(said.splitlines()), LINES_MAX, said[:2000])
        self.assertIsNone(next((letter for letter in said if ord(letter) < 32 and letter not in "\n\t"), None), said[:2000])


class CheckTest(FolderTest):
    def check(self, *arguments, environment=None):
        command = [str(settings.P2PHOST), "--config", str(self.config), "--check", *arguments]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
                              env=clean_environment(self.folder, environment), timeout=60 * settings.PATIENCE)

    def test_every_hostile_text_is_refused_in_few_words(self):
        for name, text in HOSTILE.items():
            with self.subTest(name):
                self.write(text)
                checked = self.check()
                self.assertEqual(checked.returncode, CONFIGURATION, checked.stderr[:2000])
                self.assertIn("hostile.toml", checked.stderr)
                self.assert_told_briefly(checked.stderr)

    def test_a_deep_key_is_refused_at_its_place(self):
        self.write(f"# one\n[host]\n{DEEP} = 1\n")
        self.assertIn("hostile.toml:3:63: error: nests deeper than 32 levels of keys, tables and lists", self.check().stderr)

    def test_arguments_and_variables_nest_no_deeper_than_files(self):
        self.write(CONFIG)
        for deep in ("host." + DEEP + "=1", "host.x=" + "[" * MANY, "host.x=" + "[{" + DEEP + "=1}]"):
            refused = self.check("--set", deep)
            self.assertEqual(refused.returncode, CONFIGURATION)
            self.assert_told_briefly(refused.stderr)
        for name, value in (("P2PHOST_" + "A__" * MANY + "B", "1"), ("P2PHOST_HOST__X", "[" * MANY)):
            refused = self.check(environment={name: value})
            self.assertEqual(refused.returncode, CONFIGURATION)
            self.assert_told_briefly(refused.stderr)

    def test_more_variables_than_anybody_sets_are_refused(self):
        self.write(CONFIG)
        refused = self.check(environment={f"P2PHOST_HOST__X{number}": "1" for number in range(MANY)})
        self.assertEqual(refused.returncode, CONFIGURATION)
        self.assertIn("more than 1000 keys are set by variables and arguments", refused.stderr)
        self.assert_told_briefly(refused.stderr)

    def test_what_is_no_plain_file_is_not_included(self):
        for words, make in KINDS.items():
            with self.subTest(words):
                self.replace(self.folder / "part.toml", make)
                self.write('include = ["part.toml"]\n' + CONFIG)
                refused = self.check()
                self.assertEqual(refused.returncode, CONFIGURATION)
                self.assertRegex(refused.stderr, rf"hostile.toml:1:11: error: '\S+part.toml' cannot be read: {words}")

    def test_a_pipe_is_a_configuration(self):
        for text, code in ((CONFIG, 0), ("[host]\nlisen = 1\n", CONFIGURATION), ("", CONFIGURATION)):
            checked = subprocess.run([str(settings.P2PHOST), "--config", "/dev/stdin", "--check"], input=text, text=True,
                                     capture_output=True, check=False, env=clean_environment(self.folder),
                                     timeout=60 * settings.PATIENCE)
            self.assertEqual(checked.returncode, code, checked.stderr)


class ReloadTest(FolderTest):
    def start(self):
        self.write(CONFIG)
        self.served = self.node(*ALONE, config=self.config, log_level="info").start()
        client.write(self.served.port, "key", "value")

    def assert_refused_while_it_serves(self):
        """Reloads; reads go on all the while, and the node has not ended."""
        answers = []
        reload = threading.Thread(target=lambda: answers.append(self.served.ctl("reload")))
        reload.start()
        reads = 0
        while reload.is_alive() or reads == 0:
            self.assertEqual(client.read(self.served.port, "key"), b"value")
            reads += 1
        reload.join()
        self.assertEqual(answers[0].returncode, 5, answers[0].stdout[:2000] + answers[0].stderr[:2000])
        self.assertIn("nothing was changed", answers[0].stdout)
        self.assert_told_briefly(answers[0].stdout)
        self.assertTrue(self.served.is_running())
        return answers[0].stdout

    def test_no_hostile_text_ends_a_node_that_reads_it_again(self):
        self.start()
        for name, text in HOSTILE.items():
            with self.subTest(name):
                self.write(text)
                self.assert_refused_while_it_serves()
        self.assertEqual(self.served.status().configuration, 1)
        self.write(CONFIG)
        self.assertEqual(self.served.ctl("reload").returncode, 0)

    def test_what_is_no_plain_file_is_refused_at_once(self):
        self.start()
        for words, make in KINDS.items():
            with self.subTest(words):
                self.replace(self.config, make)
                self.assertIn(words, self.assert_refused_while_it_serves())
        self.replace(self.config, lambda path: self.write(CONFIG))
        self.assertEqual(self.served.ctl("reload").returncode, 0)

    def test_a_file_that_is_empty_or_cut_ends_no_service(self):
        self.start()
        for text in ("", "\n", "# a comment is left\n", "[services.lo"):
            self.write(text)
            self.assert_refused_while_it_serves()
        self.assertEqual([service.state for service in self.served.status().services], ["ready"] * 2)


class PipeTest(FolderTest):
    def test_a_node_whose_configuration_is_a_pipe_says_so_when_it_shall_read_it_again(self):
        self.replace(self.config, make_fifo)
        node = self.node(*ALONE, config=self.config, log_level="info").launch()
        self.config.write_text(CONFIG)  # waits for the reader
        node.wait_until_ready()
        client.write(node.port, "key", "value")
        for verb in (["reload"], ["reload", "--check"], ["enable", "diststore"]):
            self.assertIn("is a pipe, which was read when the node started", node.ctl(*verb).stdout)
        self.assertEqual(client.read(node.port, "key"), b"value")
        node.leave()

    def test_a_node_that_waits_for_a_pipe_can_be_ended(self):
        self.replace(self.config, make_fifo)
        node = self.node(*ALONE, config=self.config).launch()
        with open(self.config, "w"):  # it waits for what is written
            node.send_signal(signal.SIGTERM)
            self.assertEqual(node.wait(), -signal.SIGTERM)


class SignalTest(FolderTest):
    # What a log rotation, a terminal or a script may send.
    HARMLESS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGXFSZ)

    def test_a_node_that_reads_its_configuration_is_not_ended_by_signals(self):
        self.replace(self.config, make_fifo)
        node = self.node(*ALONE, config=self.config, log_level="info").launch()
        with open(self.config, "w") as pipe:  # main() has begun: it waits for what is written
            for number in self.HARMLESS:
                node.send_signal(number)
            pipe.write(CONFIG)
        node.wait_until_ready()
        # SIGHUP was not lost: it is obeyed, and in vain, by the node that serves.
        wait_until("the reload is refused", lambda: "reload: nothing was changed" in node.log())

    def test_a_node_that_serves_is_not_ended_by_signals_nor_when_it_leaves(self):
        node = self.lonely_node(log_level="info")
        for number in self.HARMLESS:
            node.send_signal(number)
        wait_until("the node has reloaded", lambda: "reload: " in node.log())
        self.assertEqual(node.status().state, "ready")
        node.send_signal(signal.SIGTERM)
        while node.is_running():
            for number in self.HARMLESS:
                node.send_signal(number)
        self.assertEqual(node.wait(), 0)

    def test_signals_that_the_parent_had_blocked_or_ignored_are_heard(self):
        def block_and_ignore():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

        node = self.node(*ALONE, log_level="info")
        node.launch(before=block_and_ignore)
        node.wait_until_ready()
        node.send_signal(signal.SIGHUP)
        wait_until("the node has reloaded", lambda: "reload: " in node.log())
        node.leave()


class OverwrittenPluginTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.plugins = self.folder / "plugins"
        self.plugins.mkdir()
        for name in ("locator", "diststore"):
            shutil.copy(settings.PLUGINS / f"{name}.so", self.plugins)
        self.write(f'[host]\nplugin_dirs = ["{self.plugins}"]\n' + CONFIG)

    def test_a_node_goes_on_when_its_plugins_files_are_written_over_cut_and_removed(self):
        node = self.node(*ALONE, config=self.config, log_level="info").start()
        client.write(node.port, "key", "value")
        store, locator = self.plugins / "diststore.so", self.plugins / "locator.so"
        spoilers = (lambda: shutil.copyfile(locator, store), lambda: os.truncate(store, 0), lambda: os.truncate(locator, 4096),
                    lambda: store.write_bytes(os.urandom(1 << 20)), store.unlink)
        for number, spoil in enumerate(spoilers):
            spoil()
            for key in range(20):
                client.write(node.port, f"{number}-{key}", "value")
            self.assertEqual(client.read(node.port, "key"), b"value")
            # Exceptions pass through its code, and all of its functions are called once more at the end.
            self.assertEqual(node.ctl("reload").returncode, 5)
            self.assertEqual(node.members(), [node.name])
        node.leave()

    def test_a_file_that_was_written_over_is_not_loaded_beside_what_runs(self):
        shutil.copy(settings.EXAMPLE_PLUGINS / "hello.so", self.plugins)
        self.write(self.config.read_text() + "[services.hello]\n")
        node = self.node(*ALONE, config=self.config, log_level="info").start()
        with open(self.plugins / "hello.so", "ab") as file:
            file.write(b"\0")
        reloaded = node.ctl("reload")
        self.assertIn("hello.so was replaced", reloaded.stdout)
        self.write(self.config.read_text() + '[services.second]\nplugin = "hello"\n')
        self.assertIn("restart the node to run the new one", node.ctl("reload").stdout)
