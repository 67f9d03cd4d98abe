"""Three nodes of etcd for a measurement, and a load on them by its gRPC interface. Their data lies in memory where the machine has a
file system there: what counts is CPU time, not the disk."""
import importlib.util
import shutil
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import servers

NODES = 3
KEY, VALUE = 1, 2  # fields of PutRequest and, the first, of RangeRequest
METHODS = {"write": "/etcdserverpb.KV/Put", "read": "/etcdserverpb.KV/Range"}


def program() -> str | None:
    """None where it, or what it is asked with, is not there."""
    if importlib.util.find_spec("grpc") is None:
        print("etcd is left out: this Python has no grpc (python3-grpcio)", file=sys.stderr)
        return None
    # ./dev bench unpacks Debian's package there: installing it would start a system service.
    unpacked = servers.ROOT / "build/bench-tools/usr/bin/etcd"
    return shutil.which("etcd") or (str(unpacked) if unpacked.exists() else None)


def start(core: int | None, folder: Path, stack: ExitStack) -> list[servers.Server]:
    peers = [servers.free_port() for _ in range(NODES)]
    names = ",".join(f"n{number}=http://{servers.LOOPBACK}:{port}" for number, port in enumerate(peers))
    nodes = []
    for number, peer in enumerate(peers):
        clients, others = f"http://{servers.LOOPBACK}:PORT", f"http://{servers.LOOPBACK}:{peer}"
        command = ["etcd", "--name", f"n{number}", "--data-dir", str(folder / f"etcd-{number}"), "--listen-client-urls", clients,
                   "--advertise-client-urls", clients, "--listen-peer-urls", others, "--initial-advertise-peer-urls", others,
                   "--initial-cluster", names, "--log-level", "error"]
        nodes.append(stack.enter_context(servers.Server(f"etcd {number}", command, core, folder / f"etcd-{number}.log", program())))
    for node in nodes:
        node.wait_until_listening()
    return nodes


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value  # of less than 128 bytes


class Client:
    """Keeps `window` requests under way."""

    def __init__(self, node: servers.Server, window: int):
        import grpc  # only who has etcd needs it
        self._channel = grpc.insecure_channel(node.address)
        grpc.channel_ready_future(self._channel).result(servers.START_SECONDS_MAX)
        self._methods = {name: self._channel.unary_unary(path) for name, path in METHODS.items()}
        self._window = threading.Semaphore(window)
        self._size = window

    def close(self):
        self._channel.close()

    def run(self, operation: str, keys: int, value: bytes, end) -> int:
        """Until `end()`; how many were answered. RuntimeError: one of them failed."""
        failures, count = [], 0
        method = self._methods[operation]

        def done(future):
            if future.exception() is not None:
                failures.append(future.exception())
            self._window.release()

        while not failures and not end(count):
            self._window.acquire()
            request = _field(KEY, f"key:{count * 7919 % keys:012d}".encode())
            method.future(request + (_field(VALUE, value) if operation == "write" else b"")).add_done_callback(done)
            count += 1
        for _ in range(self._size):
            self._window.acquire()
        self._window.release(self._size)
        if failures:
            raise RuntimeError(f"etcd: {failures[0]}")
        return count

    def measure(self, operation: str, keys: int, value: bytes, seconds: float, nodes: list[servers.Server]) -> dict:
        before, began = sum(node.cpu_seconds() for node in nodes), time.monotonic()
        count = self.run(operation, keys, value, lambda _: time.monotonic() - began > seconds)
        took = time.monotonic() - began
        return {"cpu_us_per_op": (sum(node.cpu_seconds() for node in nodes) - before) * 1e6 / count, "ops_per_second": count / took}
