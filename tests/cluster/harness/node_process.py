"""How does a test run one node? As a process on a port and in a folder of its own, which always ends with the test."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from harness import address, client, settings
from harness.child_process import END_SECONDS, ChildProcess
from harness.ports import free_port
from harness.waiting import NOT_YET, wait_until

START_SECONDS = 20

# What a sanitizer writes when it has found something.
SANITIZER_REPORT = re.compile(r"(Address|Thread|Leak)Sanitizer|runtime error:")


class NodeProcess(ChildProcess):
    """A p2phost. `arguments` follow those that give it its place; `port` None takes a free one.

    `prefix` is a command that runs the node's; `name` the host name by which others know it. `listen_by_configuration`: `config` names the test's address and `port`, so that a reload can name another place.
    """

    kind = "node"

    def __init__(self, *arguments, port=None, config=settings.STORE_CONFIG, data_dir=None, log_level="debug",
                 environment=None, listen_by_configuration=False, prefix=(), name=None):
        self.port = port or free_port()
        listening = address.here(self.port)
        self.name = address.name_at(name, self.port) if name else listening
        self._folder = tempfile.TemporaryDirectory(prefix="p2phost-test-")
        self.data_dir = pathlib.Path(data_dir or os.path.join(self._folder.name, "data"))
        self._log_path = os.path.join(self._folder.name, "log")
        self._command = [*prefix, str(settings.P2PHOST), "--config", str(config),
                         *([] if listen_by_configuration else ["--listen", listening]), "--data-dir", str(self.data_dir), "--set", "host.port_search=0",
                         "--set", f"log.level={log_level}", *map(str, arguments)]
        self._environment = clean_environment(self._folder.name, environment)
        self._last_log = None
        self.process = None

    # --- its life ---

    def launch(self, before=None):
        """Starts the process and does not wait for it; `before` runs in the child before the program does."""
        with open(self._log_path, "ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log, preexec_fn=before)
        return self

    def start(self):
        """Starts the process and waits until it serves."""
        return self.launch().wait_until_ready()

    def wait_until_ready(self, seconds=START_SECONDS):
        def is_ready():
            if self.process.poll() is not None:
                code = self.process.returncode
                raise AssertionError(f"node {self.name} ended with {code} while it started:\n{self.log()}")
            status = client.status(self.port)
            return status.pid == self.process.pid and status.state == "ready"

        wait_until(f"node {self.name} is ready", is_ready, seconds)
        return self

    def leave(self, number=signal.SIGTERM):
        super().leave(number)

    def begin_stop(self):
        """Asks it to end without handing over: the test is done with it."""
        if not self.is_running():
            return
        self.thaw()
        try:
            with client.connect_admin(str(self.data_dir / "admin.sock")) as admin:
                admin.stop()
        except NOT_YET:
            self.send_signal(signal.SIGTERM)  # it never came to its admin socket, or is on its way out

    def close(self):
        """Waits for the end that begin_stop() asked for, keeps the log, and removes the folder."""
        if self.is_running():
            try:
                self.process.wait(END_SECONDS * settings.PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                self._note("(the test had to kill this node)")
        self._last_log = self.log()
        self._folder.cleanup()
        report = SANITIZER_REPORT.search(self._last_log)
        assert not report, f"a sanitizer has found something in node {self.name}:\n{self._last_log}"

    # --- what it says ---

    def log(self):
        if self._last_log is not None:
            return self._last_log
        if not os.path.exists(self._log_path):
            return ""
        with open(self._log_path, errors="replace") as file:
            return file.read()

    def _note(self, line):
        with open(self._log_path, "a") as file:
            file.write(line + "\n")

    def status(self):
        return client.status(self.port)

    def service(self, name):
        """The ServiceStatus of one service."""
        return next(service for service in self.status().services if service.name == name)

    def gauge(self, name, service="diststore"):
        return self.service(service).gauges[name]

    def awaits_no_keys(self):
        return all(service.gauges.get("awaits_keys_from", 0) == 0 for service in self.status().services)

    def receipts(self):
        """The receipts of its transfers, as p2pctl shows them."""
        command = [str(settings.P2PCTL), "--node", self.name, "--json", "receipts"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["receipts"]

    def ctl(self, *words):
        """p2pctl on its admin socket: the completed process, with its output as text."""
        command = [str(settings.P2PCTL), "--node", self.name, "--admin", str(self.data_dir / "admin.sock"), *words]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=END_SECONDS * settings.PATIENCE, check=False)

    def members(self):
        return client.members(self.port)


def clean_environment(folder, extra=None):
    """This process's environment without what would configure a node; its state goes below `folder`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("P2PHOST_")}
    return {**kept, "XDG_STATE_HOME": str(folder), "HOME": str(folder), **(extra or {})}


def run_p2phost(*arguments, seconds=20):
    """Runs p2phost to its end, for flags that only answer: the completed process, with its output as text."""
    with tempfile.TemporaryDirectory(prefix="p2phost-test-") as folder:
        return subprocess.run([str(settings.P2PHOST), *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=clean_environment(folder), cwd=folder,
                              timeout=seconds * settings.PATIENCE, check=False)
