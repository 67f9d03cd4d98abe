"""Is each acknowledged write read back? Workers that write, read and erase keys of their own, so that each knows at
every moment what its keys must hold. One kind on the plain Python client, in a thread; one on the asyncio client."""
import asyncio
import random
import threading

from p2p_client import AsyncClient, Unknown

KEYS = 200
BATCH = 20


class Work:
    """What one worker does, as steps: each asks for one call of a client, and checks what it answers. `has_batches`: some calls are of
    many keys."""

    def __init__(self, name, seed, has_batches=True):
        self._name = name
        self._picks_max = 1 if has_batches else 0.8
        self._choice = random.Random(seed)
        self._number = 0
        self.held = {}  # key -> value, what was acknowledged last
        self.calls = 0
        self.unknown = 0  # changes whose outcome nobody could tell
        self.errors = []

    def steps(self):
        """(method, arguments) of one call after the other, each to be answered with its result, or with the Unknown of
        a change: reads alone are repeated."""
        while True:
            pick = self._choice.uniform(0, self._picks_max)
            key = self._key()
            if pick < 0.4:
                value = self._value()
                yield from self._note({key: value}, (yield "write", (key, value)))
            elif pick < 0.7:
                self._compare(key, (yield "read", (key,)))
            elif pick < 0.8:
                result = yield "erase", (key,)
                if not isinstance(result, Unknown):
                    self._expect(key, key in self.held, result.found)
                yield from self._note({key: None}, result)
            elif pick < 0.9:
                items = {self._key(): self._value() for _ in range(BATCH)}
                yield from self._note(items, (yield "write_many", (items,)))
            else:
                keys = [self._key() for _ in range(BATCH)]
                for asked, result in zip(keys, (yield "read_many", (keys,))):
                    self._compare(asked, result)
            self.calls += 1

    def _note(self, changes, result):
        """What each key holds now; None: nothing. A change may have been on its way to a node that closed the connection
        without reading it: it has happened, or not."""
        if isinstance(result, Unknown):
            self.unknown += 1
            for key, wanted in changes.items():
                seen = yield "read", (key,)
                if not seen.found and wanted is None or seen.found and seen.value == wanted:
                    self._hold(key, wanted)
                else:
                    self._compare(key, seen)
            return
        for key, wanted in changes.items():
            self._hold(key, wanted)

    def _hold(self, key, value):
        if value is None:
            self.held.pop(key, None)
        else:
            self.held[key] = value

    def _key(self):
        return f"{self._name}-{self._choice.randrange(KEYS)}".encode()

    def _value(self):
        self._number += 1
        return f"{self._name} {self._number}".encode()

    def _compare(self, key, result):
        self._expect(key, self.held.get(key), result.value if result.found else None)

    def _expect(self, key, expected, seen):
        if seen != expected:
            self.errors.append(f"{key}: expected {expected}, got {seen}")


class Thread(threading.Thread):
    def __init__(self, client, work, is_over):
        super().__init__()
        self._client = client
        self._work = work
        self._is_over = is_over

    def run(self):
        steps = self._work.steps()
        answer = None
        while True:
            method, arguments = steps.send(answer)  # takes over what the last call has answered
            if self._is_over.is_set():
                return
            try:
                answer = getattr(self._client, method)(*arguments)
            except Exception as failure:
                if not method.startswith("read") and isinstance(failure, Unknown):
                    answer = failure
                    continue
                self._work.errors.append(f"{method}: {failure!r}")
                return


class AsyncThread(threading.Thread):
    """An event loop with a client of its own, and a task for each of `works`."""

    def __init__(self, seeds, works, is_over, **options):
        super().__init__()
        self._seeds = seeds
        self._works = works
        self._is_over = is_over
        self._options = options

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        async with AsyncClient(*self._seeds, **self._options) as client:
            await asyncio.gather(*(self._work(client, work) for work in self._works))

    async def _work(self, client, work):
        steps = work.steps()
        answer = None
        while True:
            method, arguments = steps.send(answer)  # takes over what the last call has answered
            if self._is_over.is_set():
                return
            try:
                answer = await getattr(client, method)(*arguments)
            except Exception as failure:
                if not method.startswith("read") and isinstance(failure, Unknown):
                    answer = failure
                    continue
                work.errors.append(f"{method}: {failure!r}")
                return
