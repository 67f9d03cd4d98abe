"""Which processes are measured? Starts each alone on a core of its own, tells its CPU time, and ends it."""
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS_MAX = 20  # a node that is not there by then will not come
STOP_SECONDS_MAX = 10
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def on_core(core: int | None):
    """For preexec_fn: keeps a child on one core; with None it runs where it likes."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


class Server:
    """A running server. Leaving its `with` block ends it."""

    def __init__(self, name: str, command: list[str], core: int | None, log: Path, program: str | None = None):
        self.name = name
        self.port = free_port()
        self._log = log
        arguments = [part.replace("PORT", str(self.port)) for part in command]
        with open(log, "wb") as output:
            self._process = subprocess.Popen(arguments, executable=program, stdout=output, stderr=subprocess.STDOUT,
                                             preexec_fn=on_core(core))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until_listening(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not listen on port {self.port}:\n{self._log.read_text(errors='replace')[-4000:]}")

    def is_running(self) -> bool:
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        user, system = int(fields[11]), int(fields[12])  # fields 14 and 15 of proc(5), counted from behind the name
        return (user + system) / TICKS_PER_SECOND


def redis_program() -> str:
    # Debian's redis-tools has the server under another name: the program looks at the name it is called by.
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not program:
        raise RuntimeError("there is no redis-server: apt-get install redis-tools, or ./dev bench")
    return program


def redis(core: int | None, folder: Path) -> Server:
    command = ["redis-server", "--port", "PORT", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return Server("Redis", command, core, folder / "redis.log", redis_program())


def p2phost(name: str, build: Path, config: Path, settings: list[str], core: int | None, folder: Path) -> Server:
    data = folder / name.replace(" ", "-").replace("=", "-")
    data.mkdir(mode=0o700)
    command = [str(build / "bin/p2phost"), "--config", str(config), "--listen", "127.0.0.1:PORT", "--data-dir", str(data)]
    alone = [] if any("config.join" in setting for setting in settings) else ["services.locator.config.discover=none"]
    for setting in [*alone, *settings]:
        command += ["--set", setting]
    return Server(name, command, core, folder / (data.name + ".log"))
