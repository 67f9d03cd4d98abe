"""Which processes are measured? Starts each alone on its core, tells its CPU time and memory, and ends it."""
import json
import os
import resource
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
START_SECONDS_MAX = 20  # a node that is not there by then will not come
STOP_SECONDS_MAX = 10

# What none of the measurements reaches: a memcached that evicts would answer "missing".
MEMCACHED_MIB = 2048
MEMCACHED_CONNECTIONS = 4096

# One copy of each key, as the servers have that such nodes are compared with.
CLASSIC = ["services.locator.config.mode=classic"]

STOCK_KINDS = {"Thrift TNonblockingServer": "nonblocking", "Thrift TThreadedServer": "threaded"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return listener.getsockname()[1]


def on_core(core: int | None):
    """For preexec_fn: keeps a child on one core, with None it runs where it likes; and lets it open as many files as it may."""
    def prepare():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if core is not None:
            os.sched_setaffinity(0, {core})
    return prepare


class Server:
    """A running server. Leaving its `with` block ends it."""

    def __init__(self, name: str, command: list[str], core: int | None, log: Path, program: str | None = None):
        self.name = name
        self.port = free_port()
        self._log = log
        arguments = [part.replace("PORT", str(self.port)) for part in command]
        with open(log, "wb") as output:
            self.started_at = time.monotonic()
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

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def wait_until_listening(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection((LOOPBACK, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise self.failure(f"does not listen on port {self.port}")

    def failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"{self.name} {what}:\n{self._log.read_text(errors='replace')[-4000:]}")

    def is_running(self) -> bool:
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far. OSError when it has ended."""
        return time.clock_gettime(~self.pid << 3 | 2)  # clock_getcpuclockid(3), which Python does not have

    def memory(self) -> dict[str, int]:
        """Bytes: "Rss", what is in memory of it; "Pss", the same with what it shares counted in part."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        fields = (line.split() for line in lines if line.startswith(("Rss:", "Pss:")))
        return {words[0].rstrip(":"): int(words[1]) * 1024 for words in fields}


def redis_program() -> str:
    # Debian's redis-tools has the server under another name: the program looks at the name it is called by.
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not program:
        raise RuntimeError("there is no redis-server: apt-get install redis-tools, or ./dev bench")
    return program


def memcached_program() -> str:
    # ./dev bench unpacks Debian's package there: installing it would start a system service.
    unpacked = ROOT / "build/bench-tools/usr/bin/memcached"
    program = shutil.which("memcached") or (str(unpacked) if unpacked.exists() else None)
    if not program:
        raise RuntimeError("there is no memcached; ./dev bench fetches it")
    return program


def redis(core: int | None, folder: Path) -> Server:
    command = ["redis-server", "--port", "PORT", "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return Server("Redis", command, core, folder / "redis.log", redis_program())


REDIS_SLOTS = 16384


def redis_call(server: Server, *words: str) -> str:
    """What Redis answers, as it is on the wire; for answers that fit one read."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection((LOOPBACK, server.port), START_SECONDS_MAX) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(64 * 1024).decode()
    if answer.startswith("-"):
        raise server.failure(f"answered {' '.join(words)} with {answer.strip()}")
    return answer


def redis_cluster(count: int, core: int | None, folder: Path, stack: ExitStack) -> list[Server]:
    """`count` masters with equal parts of the slots, and no replicas; they share the core."""
    masters: list[Server] = []
    bus_ports = [free_port() for _ in range(count)]
    for number, bus_port in enumerate(bus_ports):
        own = folder / f"redis-master-{number}"
        own.mkdir()
        command = ["redis-server", "--port", "PORT", "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", str(own),
                   "--cluster-enabled", "yes", "--cluster-port", str(bus_port)]
        masters.append(stack.enter_context(Server(f"Redis master {number}", command, core, own / "log", redis_program())))
        masters[-1].wait_until_listening()
        first, last = (REDIS_SLOTS * at // count for at in (number, number + 1))
        redis_call(masters[-1], "CLUSTER", "ADDSLOTSRANGE", str(first), str(last - 1))
    for master, bus_port in zip(masters[1:], bus_ports[1:]):
        redis_call(masters[0], "CLUSTER", "MEET", LOOPBACK, str(master.port), str(bus_port))
    deadline = time.monotonic() + START_SECONDS_MAX
    for master in masters:
        while not {"cluster_state:ok", f"cluster_known_nodes:{count}"} <= set(redis_call(master, "CLUSTER", "INFO").split()):
            if time.monotonic() > deadline:
                raise master.failure("does not know its cluster")
            time.sleep(0.02)
    return masters


def redis_and_replica(core: int | None, folder: Path, stack: ExitStack) -> tuple[Server, Server]:
    pair = []
    for name in ("master", "replica"):
        own = folder / f"redis-{name}"
        own.mkdir()
        command = ["redis-server", "--port", "PORT", "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", str(own),
                   "--repl-diskless-sync-delay", "0", *(["--replicaof", LOOPBACK, str(pair[0].port)] if pair else [])]
        pair.append(stack.enter_context(Server(f"Redis {name}", command, core, own / "log", redis_program())))
        pair[-1].wait_until_listening()
    deadline = time.monotonic() + START_SECONDS_MAX
    while "master_link_status:up" not in redis_call(pair[1], "INFO", "replication").split():
        if time.monotonic() > deadline:
            raise pair[1].failure("does not follow its master")
        time.sleep(0.02)
    return pair[0], pair[1]


def memcached(core: int | None, folder: Path) -> Server:
    command = [memcached_program(), "-t", "1", "-l", LOOPBACK, "-p", "PORT", "-U", "0", "-m", str(MEMCACHED_MIB),
               "-c", str(MEMCACHED_CONNECTIONS), *(["-u", "root"] if os.geteuid() == 0 else [])]
    return Server("memcached", command, core, folder / "memcached.log")


def stock_thrift(name: str, build: Path, core: int | None, folder: Path) -> Server:
    program = build / "bin/p2pstock"
    if not program.exists():
        raise RuntimeError(f"there is no {program}: it is built where libevent-dev is installed; ./dev bench does that")
    command = [str(program), STOCK_KINDS[name], "--port", "PORT"]
    return Server(name, command, core, folder / f"{STOCK_KINDS[name]}.log")


def p2phost(name: str, build: Path, config: Path, settings: list[str], core: int | None, folder: Path) -> Server:
    data = folder / name.replace(" ", "-").replace("=", "-")
    data.mkdir(mode=0o700)
    command = [str(build / "bin/p2phost"), "--config", str(config), "--listen", f"{LOOPBACK}:PORT", "--data-dir", str(data)]
    alone = [] if any("config.join" in setting for setting in settings) else ["services.locator.config.discover=none"]
    for setting in [*alone, *settings]:
        command += ["--set", setting]
    return Server(name, command, core, folder / (data.name + ".log"))


def network(count: int, build: Path, config: Path, settings: list[str], core: int | None, folder: Path,
            stack: ExitStack) -> list[Server]:
    """`count` nodes of mode "classic" that all know each other; they share the core."""
    nodes: list[Server] = []
    for number in range(count):
        joins = [f'services.locator.config.join=["{nodes[0].address}"]'] if nodes else []
        nodes.append(stack.enter_context(p2phost(f"node {number}", build, config, [*CLASSIC, *settings, *joins], core, folder)))
        nodes[-1].wait_until_listening()
    names = sorted(node.address for node in nodes)
    deadline = time.monotonic() + START_SECONDS_MAX
    for node in nodes:
        while ask(build, node, "members").get("members") != names:
            if time.monotonic() > deadline:
                raise node.failure(f"does not know {names}")
            time.sleep(0.02)
    return nodes


def agreed_network(name: str, count: int, build: Path, config: Path, settings: list[str], core: int | None, folder: Path,
                   stack: ExitStack) -> list[Server]:
    """`count` nodes that keep as many copies of each key, in sync; they share the core."""
    copies = [f"services.locator.config.copies={count}", f"services.locator.config.copies_min={min(count, 2)}"]
    nodes: list[Server] = []
    for number in range(count):
        joins = [f'services.locator.config.join=["{nodes[0].address}"]'] if nodes else []
        nodes.append(stack.enter_context(p2phost(f"{name} {number}", build, config, [*copies, *settings, *joins], core, folder)))
        nodes[-1].wait_until_listening()
    deadline = time.monotonic() + START_SECONDS_MAX
    for node in nodes:
        while not is_complete(ask(build, node, "map"), count):
            if time.monotonic() > deadline:
                raise node.failure(f"does not have {count} copies of all partitions")
            time.sleep(0.1)
    return nodes


def is_complete(map_told: dict, count: int) -> bool:
    members = map_told.get("members", [])
    return len(members) == count and all(member["in_sync"] == map_told["partitions"] and member["learners"] == 0 for member in members)


def ask(build: Path, node: Server, *verb: str) -> dict:
    """What p2pctl says about the node; nothing when it has no answer."""
    done = subprocess.run([str(build / "bin/p2pctl"), "--node", node.address, "--json", *verb], capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout else {}
