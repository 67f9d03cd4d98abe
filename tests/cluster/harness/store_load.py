"""A load on the store whose every failure counts: other parts of the node change meanwhile."""
import threading

from harness import client

from diststore import Store
from diststore.ttypes import ReadOptions, WriteOptions

KEYS_PER_CLIENT = 100


class StoreLoad:
    """Clients that write and read back, each on one connection that has to last. A context: left, they have ended."""

    def __init__(self, port, clients=2):
        self.failures = []
        self.calls = 0
        self._port = port
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number):
        try:
            with client.connect(self._port, Store, "diststore") as store:
                turn = 0
                while not self._ended.is_set():
                    turn += 1
                    key, value = f"key-{number}-{turn % KEYS_PER_CLIENT}".encode(), str(turn).encode()
                    store.write(key, value, WriteOptions())
                    found = store.read(key, ReadOptions()).value
                    assert found == value, f"{key}: {value} was written, {found} read"
                    with self._guard:
                        self.calls += 2
        except Exception as failure:  # whatever it is, the test has to tell it
            self.failures.append(repr(failure))
