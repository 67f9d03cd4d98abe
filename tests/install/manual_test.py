"""Do the manual pages and the completions know each flag, verb and key that the programs know, and no other?"""
import re
import subprocess
import sys
import unittest

from installed import SOURCE, prefix, program, run

MAN = SOURCE / "docs/man"


def page(name):
    """The page's text, without the escapes of roff."""
    return (MAN / name).read_text().replace("\\-", "-").replace("\\(dq", '"')


def flags(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text))


def verbs_of_p2pctl():
    text = run(program("p2pctl"), "--help").split("Subcommands:")[1]
    return set(re.findall(r"^  (\w+)  ", text, re.MULTILINE))


def flags_of_p2pctl():
    found = flags(run(program("p2pctl"), "--help"))
    for verb in verbs_of_p2pctl():
        found |= flags(run(program("p2pctl"), verb, "--help"))
    return found


class ManualTest(unittest.TestCase):
    def test_pages_are_well_formed(self):
        for path in MAN.glob("*.[15]"):
            done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", str(path)], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), path)

    def test_p2phost_tells_every_flag(self):
        described = page("p2phost.1").split(".SH OPTIONS")[1].split(".SH ENVIRONMENT")[0]
        self.assertEqual(flags(described), flags(run(program(), "--help")))

    def test_p2pctl_tells_every_flag(self):
        self.assertEqual(flags(page("p2pctl.1")), flags_of_p2pctl())

    def test_p2pctl_tells_every_verb(self):
        described = page("p2pctl.1").split(".SH VERBS")[1].split(".SH EXIT STATUS")[0]
        told = set(re.findall(r"^\.TP\n\.(?:B|BI|BR) (\w+)", described, re.MULTILINE))
        self.assertEqual(told, verbs_of_p2pctl())

    def test_the_page_of_the_configuration_is_that_of_the_shipped_file(self):
        made = run(sys.executable, MAN / "make_toml_page.py")
        self.assertEqual((MAN / "p2phost.toml.5").read_text(), made,
                         "run docs/man/make_toml_page.py > docs/man/p2phost.toml.5")

    def test_the_page_of_the_configuration_tells_every_key(self):
        printed = run(program(), "--print-config", "--config", prefix() / "etc/p2phost/store.toml")
        keys = set(re.findall(r"^(\w+) = ", printed, re.MULTILINE))
        self.assertGreater(len(keys), 30)
        self.assertLessEqual(keys, set(re.findall(r"^\.BR (\w+) ", page("p2phost.toml.5"), re.MULTILINE)))


class CompletionTest(unittest.TestCase):
    def complete(self, name, *words):
        """What bash would offer for the last word."""
        script = (f'source "{prefix()}/share/bash-completion/completions/{name}"\n'
                  'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n'
                  f'_{name}\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n')
        return set(run("bash", "-c", script, "bash", *words).split())

    def test_p2phost_completes_every_flag(self):
        self.assertEqual(self.complete("p2phost", program(), "--"), flags(run(program(), "--help")))

    def test_p2phost_completes_values(self):
        self.assertEqual(self.complete("p2phost", program(), "--new-plugin", "x", "--requires", ""), {"locator", "store"})
        self.assertIn(f"{prefix()}/etc", self.complete("p2phost", program(), "--config", f"{prefix()}/e"))

    def test_p2pctl_completes_every_verb(self):
        self.assertEqual(self.complete("p2pctl", "p2pctl", ""), verbs_of_p2pctl())

    def test_p2pctl_completes_every_flag(self):
        self.assertEqual(self.complete("p2pctl", "p2pctl", "--"), flags_of_p2pctl())


if __name__ == "__main__":
    unittest.main()
