"""What does p2phost --validate say of a plugin? Its report as values."""
import json

from harness.node_process import run_p2phost

DONE, BROKEN, NO_INPUT = 0, 65, 66

RULES = ["file", "place", "stamp", "descriptor", "name", "exports", "unique", "needed", "symbols", "constructors",
         "entry", "configure", "options", "requires", "lifecycle", "leftovers", "serves"]

# A plugin that hangs costs 10 s for each rule that it breaks so; a sanitizer slows the rest down.
VALIDATE_SECONDS = 60


class Validation:
    """The report on the plugin at `path`, from a process that has come to its own end."""

    def __init__(self, path, *arguments):
        ended = run_p2phost("--validate", path, "--json", *arguments, seconds=VALIDATE_SECONDS)
        self.code = ended.returncode
        assert self.code in (DONE, BROKEN), f"{path}: exit code {self.code}\n{ended.stdout}{ended.stderr}"
        report = json.loads(ended.stdout)
        self.results = {rule["rule"]: rule for rule in report["rules"]}
        assert [rule["rule"] for rule in report["rules"]] == RULES, ended.stdout
        assert report["valid"] == (self.code == DONE), ended.stdout

    def _with(self, result):
        return [name for name, rule in self.results.items() if rule["result"] == result]

    @property
    def failed(self):
        return self._with("failed")

    @property
    def skipped(self):
        return self._with("skipped")

    def seen(self, rule):
        return self.results[rule]["seen"]

    def __str__(self):
        return "\n".join(f"{name}: {rule['result']}: {rule['seen']}" for name, rule in self.results.items())
