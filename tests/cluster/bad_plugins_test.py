"""Which plugins does a host refuse, which rule does --validate name, and does the host survive every one of them?"""
import os
import pathlib
import re
import shutil
import struct
import tempfile
import unittest
from unittest import mock

from harness import settings
from harness.case import ALONE, ClusterTest
from harness.node_process import run_p2phost
from harness.validation import BROKEN, DONE, NO_INPUT, Validation
from harness.waiting import wait_until

SERVICE_FAILED, UNSAFE = 69, 77

WELL_BEHAVED = settings.BAD_PLUGINS / "well_behaved.so"

EM_RISCV = 243
E_MACHINE_AT = 18  # in the header of an ELF file


def whole():
    return WELL_BEHAVED.read_bytes()


def of_another_machine():
    return whole()[:E_MACHINE_AT] + struct.pack("<H", EM_RISCV) + whole()[E_MACHINE_AT + 2:]


def of_an_unknown_type():
    return whole().replace(b"copies|int|", b"copies|num|")


# Files that the host refuses by their bytes: from where, the rules that --validate finds broken, and the reason.
REFUSED_FILES = {
    "wrong_abi": (settings.CARELESS_PLUGINS, {"stamp"}, "abi: plugin 99.0, host "),
    "newer_minor": (settings.CARELESS_PLUGINS, {"stamp"}, "abi: plugin 2.7, host "),
    "other_stamp": (settings.CARELESS_PLUGINS, {"stamp"}, "glibcxx_debug: plugin 1, host 0; thrift: plugin 0.16.0, host "),
    "renamed": (settings.CARELESS_PLUGINS, {"name"}, "misnamed"),
    "foreign": (settings.CARELESS_PLUGINS, {"stamp", "descriptor", "name", "exports"}, "it has no readable section"),
    "no_entry": (settings.CARELESS_PLUGINS, {"exports", "entry"}, "no p2p_plugin_v1 of its own"),
    "leech": (settings.CARELESS_PLUGINS, {"exports", "entry", "needed"}, "no p2p_plugin_v1 of its own"),
    "old_strings": (settings.BAD_PLUGINS, {"stamp"}, "stdlib: plugin libstdc++/cxx11=0, host libstdc++/cxx11=1"),
    "debug_containers": (settings.BAD_PLUGINS, {"stamp"}, "glibcxx_debug: plugin 1, host 0"),
    "other_sanitizer": (settings.BAD_PLUGINS, {"stamp"}, "sanitizer: plugin "),
    "a_text": (b"hello, I am a text\n", {"file"}, "it is no ELF file"),
    "cut_short": (lambda: whole()[:len(whole()) // 2], {"file"}, "it is cut short"),
    "unknown_type": (of_an_unknown_type, {"descriptor", "name"}, "option 'copies': unknown type 'num'; the types are bool, int"),
    "another_machine": (of_another_machine, {"file"}, "arch: plugin riscv, host "),
}

# Plugins that the host accepts by their bytes, and whose loading or start it refuses.
FAIL_WHEN_LOADED = {
    "undefined_symbol": ("symbols", "undefined symbol: _Z16missing_functionv"),
    "throwing": ("entry", "its constructor threw: no luck today"),
    "unlucky": ("entry", "its constructor threw something that is no std::exception"),
}

# What the others break, and what is seen of it.
MISBEHAVING = {
    "throws_when_loaded": ("constructors", r"static constructors.* by signal 6 .*throwing an instance of 'int'"),
    "changes_folder_when_loaded": ("constructors", r"current folder is /, was "),
    "starts_a_thread_when_loaded": ("constructors", r"thread \d+ is left"),
    "throws_in_configure": ("configure", r"configure\(\) threw something that is no std::exception"),
    "throws_at_the_edge": ("options", r"configure\(\) with copies = 16 threw something"),
    "throws_in_start": ("lifecycle", r"service throws_in_start failed to start: an exception"),
    "throws_in_ready": ("lifecycle", r"service throws_in_ready failed to get ready: an exception"),
    "throws_in_drain": ("lifecycle", r"service throws_in_drain failed to drain: an exception"),
    "throws_in_stop": ("lifecycle", r"service throws_in_stop failed to stop: an exception"),
    "aborts_in_ready": ("lifecycle", r"ready\(\) of aborts_in_ready ended the process by signal 6"),
    "exits_in_start": ("lifecycle", r"start\(\) or ready\(\) of exits_in_start ended the process with exit code 0"),
    "leaves_a_child": ("lifecycle", r"a child process is left"),
    "leaves_a_thread": ("leftovers", r"(thread \d+ is left.*){3}"),
    "leaves_a_descriptor": ("leftovers", r"(descriptor \d+ is left \(/dev/zero\).*){3}"),
    "takes_a_signal": ("leftovers", r"handler of signal 10 .* is to ignore it, was the default"),
    "changes_the_locale": ("leftovers", r"C locale is C.UTF-8, was C"),
    "changes_the_umask": ("leftovers", r"umask is 0012, was "),
    "requires_idly": ("requires", r"it starts although nobody provides p2p.locator.ILocator/3"),
    "serves_another": ("serves", r"it serves locator.Base, but the descriptor promises bad.Promised"),
    "exports_more": ("exports", r"1 other symbol: surplus_symbol"),
}


# How they are mended, by what is seen of them.
MENDS = {
    "throws_in_configure": ("configure", "Throw nothing"),
    "throws_at_the_edge": ("options", "Throw nothing"),
    "throws_in_start": ("lifecycle", "throw nothing"),
    "aborts_in_ready": ("lifecycle", "Nothing of a plugin may end the process"),
    "requires_idly": ("requires", "P2P_OPTIONAL"),
    "exports_more": ("exports", "hide everything"),
    "leaves_a_thread": ("leftovers", "End in stop() what start() began"),
}


def processes_with(variable):
    """The ids of processes that have `variable` in their environment."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if variable.encode() in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:
            pass  # it has ended, or is another user's
    return found


class BadPluginTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.folder = self.temporary_folder()

    def place(self, name, origin):
        """The file of `name` alone in a folder of its own that only its user can write."""
        path = self.folder / name / f"{name}.so"
        path.parent.mkdir(mode=0o755)
        if isinstance(origin, pathlib.Path):
            shutil.copyfile(origin / path.name, path)
        else:
            path.write_bytes(origin() if callable(origin) else origin)
        path.chmod(0o644)
        return path

    def assert_breaks(self, validation, rules, seen):
        self.assertEqual(validation.code, BROKEN)
        self.assertEqual(set(validation.failed), rules, validation)
        for rule in rules:
            self.assertTrue(validation.results[rule]["mend"], rule)
        self.assertRegex("\n".join(validation.seen(rule) for rule in validation.failed), seen)

    def start(self, path):
        node = self.node("--plugin-dir", path.parent, "--set", f"services.{path.stem}.enabled=true", *ALONE).launch()
        return node.wait(), node.log()

    def assert_start_is_refused(self, path, code, *reasons):
        ended, log = self.start(path)
        self.assertEqual(ended, code, log)
        for reason in reasons:
            self.assertIn(reason, log)


class RefusedFileTest(BadPluginTest):
    def test_each_is_named_with_its_rule_listed_with_its_reason_and_not_started(self):
        for name, (origin, rules, reason) in REFUSED_FILES.items():
            with self.subTest(name):
                path = self.place(name, origin)
                self.assert_breaks(Validation(path), rules, re.escape(reason))
                listed = run_p2phost("--list-plugins", "--plugin-dir", path.parent)
                self.assertEqual(listed.returncode, 0, listed.stderr)
                self.assertIn(f"refused: {path}\n", listed.stdout)
                self.assertIn("locator", listed.stdout)
                self.assert_start_is_refused(path, SERVICE_FAILED, f"plugin '{name}' is refused: {path}: ")

    def test_a_file_or_a_folder_that_others_can_write_breaks_the_rule_of_its_place_and_nothing_of_it_runs(self):
        for name, mode_of in {"of_file": lambda path: path, "of_folder": lambda path: path.parent}.items():
            with self.subTest(name):
                path = self.place(name, whole).rename(self.folder / name / "well_behaved.so")
                mode_of(path).chmod(mode_of(path).stat().st_mode | 0o022)
                validation = Validation(path)
                self.assert_breaks(validation, {"place"}, r"run: chmod g-w .*run: chmod o-w ")
                self.assertIn("lifecycle", validation.skipped)
                self.assert_start_is_refused(path, UNSAFE, "writable by everybody; run: chmod o-w ")
                self.assertEqual(Validation(path, "--allow-unsafe-plugins").code, DONE)

    def test_a_file_that_does_not_exist_is_no_input(self):
        for path in (self.folder / "absent.so", self.folder):
            ended = run_p2phost("--validate", path)
            self.assertEqual(ended.returncode, NO_INPUT)
            self.assertIn(str(path), ended.stderr)


class FailingLoadTest(BadPluginTest):
    def test_each_is_named_with_its_rule_and_refused_at_the_start_with_the_reason(self):
        for name, (rule, reason) in FAIL_WHEN_LOADED.items():
            with self.subTest(name):
                path = self.place(name, settings.CARELESS_PLUGINS)
                self.assert_breaks(Validation(path), {rule}, re.escape(reason))
                self.assert_start_is_refused(path, SERVICE_FAILED, str(path), reason)


class MisbehavingTest(BadPluginTest):
    def test_each_is_named_with_its_rule(self):
        for name, (rule, seen) in MISBEHAVING.items():
            with self.subTest(name):
                self.assert_breaks(Validation(settings.BAD_PLUGINS / f"{name}.so"), {rule}, seen)

    def test_the_way_to_mend_it_fits_what_was_seen(self):
        for name, (rule, mend) in MENDS.items():
            with self.subTest(name):
                self.assertIn(mend, Validation(settings.BAD_PLUGINS / f"{name}.so").results[rule]["mend"])
        mistyped = Validation(self.place("unknown_type", of_an_unknown_type))
        self.assertIn("Mend that P2P_OPTION(", mistyped.results["descriptor"]["mend"])

    def test_a_unique_symbol_is_an_exported_one_too(self):
        validation = Validation(settings.BAD_PLUGINS / "exports_unique.so")
        self.assert_breaks(validation, {"exports", "unique"}, r"Shared<int>::counter")

    def test_what_leaves_something_behind_is_otherwise_fine(self):
        validation = Validation(settings.BAD_PLUGINS / "leaves_a_descriptor.so")
        self.assertEqual(validation.skipped, ["requires", "serves"])

    def test_nothing_is_left_of_what_was_tried(self):
        with mock.patch.dict(os.environ, TMPDIR=str(self.folder)):
            for name in ("leaves_a_child", "aborts_in_ready"):
                self.assertEqual(Validation(settings.BAD_PLUGINS / f"{name}.so").failed, ["lifecycle"])
        self.assertEqual(os.listdir(self.folder), [])
        wait_until("no process is left", lambda: not processes_with(f"TMPDIR={self.folder}"))


class HangingTest(BadPluginTest):
    def test_a_callback_that_does_not_return_is_named_and_the_validation_ends(self):
        for callback in ("drain", "stop"):
            with self.subTest(callback):
                name = f"hangs_in_{callback}"
                validation = Validation(settings.BAD_PLUGINS / f"{name}.so")
                self.assert_breaks(validation, {"lifecycle"}, rf"{callback}\(\) of {name} did not return within ")
                self.assertIn("Let it return", validation.results["lifecycle"]["mend"])
                self.assertEqual(set(validation.skipped), {"requires", "leftovers", "serves"})


class GoodPluginTest(BadPluginTest):
    def test_what_is_shipped_keeps_every_rule_with_the_real_locator_as_provider(self):
        for name, nothing_to_check in {"locator": ["requires"], "diststore": []}.items():
            validation = Validation(settings.PLUGINS / f"{name}.so")
            self.assertEqual((validation.code, validation.skipped), (DONE, nothing_to_check), validation)
        self.assertIn("locator", validation.seen("lifecycle"))

    def test_the_tests_own_plugins_keep_every_rule(self):
        for path in (settings.TEST_PLUGINS / "kinds.so", settings.TEST_PLUGINS / "ring_probe.so", WELL_BEHAVED):
            validation = Validation(path)
            self.assertEqual(validation.code, DONE, validation)

    def test_a_requirement_that_nobody_provides_cannot_be_checked_and_says_where_to_look(self):
        with tempfile.TemporaryDirectory() as empty:
            validation = Validation(settings.PLUGINS / "diststore.so", "--set", f"host.plugin_dirs={empty}")
        # Its own folder holds the locator: what a plugin requires may stand beside it.
        self.assertEqual(validation.code, DONE, validation)
        lonely = self.place("diststore", settings.PLUGINS)
        validation = Validation(lonely, "--set", f"host.plugin_dirs={lonely.parent}")
        self.assert_breaks(validation, {"lifecycle"}, r"provides 'p2p.locator.ILocator/\d+'.*--plugin-dir")

    def test_the_text_is_a_table_with_a_summary_and_the_way_to_mend(self):
        good = run_p2phost("--validate", WELL_BEHAVED).stdout.splitlines()
        self.assertRegex(good[0], r"^RULE +RESULT +SEEN$")
        self.assertEqual(good[-1], f"{WELL_BEHAVED.resolve()} keeps all rules: 15 ok, 0 failed, 2 skipped")
        bad = run_p2phost("--validate", settings.BAD_PLUGINS / "exports_more.so").stdout
        self.assertRegex(bad, r"(?m)^exports +failed +1 other symbol: surplus_symbol\n +mend: +Build it with p2p_add_plugin")
        self.assertRegex(bad, r"breaks rules: 14 ok, 1 failed, 2 skipped\n$")


if __name__ == "__main__":
    unittest.main()
