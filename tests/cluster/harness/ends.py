"""How do calls for keys end while these change hands: with an answer, or a fault? And what may each key hold after that?"""
import concurrent.futures
import itertools
import threading

from harness import client
from harness.items import read_all
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from diststore.ttypes import ReadOptions, StoreError, StoreErrorKind, WriteOptions

# Calls at once, of one test: what waits shall not hold up what does not.
CALLS_AT_ONCE = 80

# Keys that one call has time for, when they are a seed's: it is asked for them one by one.
READ_AT_ONCE = 50

MISSING = "missing"
FAULT = "fault"


def ends_of_reads(nodes, keys):
    """How reading each of them ends, by each call and node: its value, the word for none, or a fault. {key: set of ends}"""
    ends = {key: set() for key in keys}
    with concurrent.futures.ThreadPoolExecutor(CALLS_AT_ONCE) as threads:
        asked = [(key, threads.submit(read, node.port, key)) for node, key in itertools.product(nodes, keys)
                 for read in (_get, _read, _read_many)]
        for key, ended in asked:
            ends[key].add(ended.result())
    return ends


def _end_of(read):
    try:
        return read() or MISSING
    except TApplicationException:
        return FAULT
    except StoreError as error:
        assert error.kind in (StoreErrorKind.unavailable, StoreErrorKind.not_executed), error
        return FAULT


def _get(port, key):
    return _end_of(lambda: client.get(port, key))


def _read(port, key):
    return _end_of(lambda: _text(client.read(port, key)))


def _read_many(port, key):
    asked = [key.encode()]
    return _end_of(lambda: _text(client.call(port, "read_many", asked, ReadOptions(), service="diststore")[0].value))


def _text(value):
    return None if value is None else value.decode()


class Kept:
    """What each of some keys may hold, as far as those know who change it through nodes; None: no value.

    Each key is changed by one call at a time.
    """

    def __init__(self, items):
        self._guard = threading.Lock()
        self._may_hold = {key: {value} for key, value in items.items()}
        self.denied = []  # keys that surely held a value when their erase answered that there was none

    def write(self, node, key, value):
        self._change(key, value, lambda: client.write(node.port, key, value))

    def erase(self, node, key):
        was_there = None not in self._may_hold[key]
        result = self._change(key, None, lambda: client.call(node.port, "erase", key.encode(), WriteOptions(),
                                                             service="diststore"))
        if result is not None and was_there and not result.found:
            self.denied.append(key)

    def _change(self, key, value, change):
        """What `change` returns, or None when it has ended with a fault."""
        result = None
        try:
            result = change()
            may_hold = {value}
        except StoreError as error:
            # not_executed promises it.
            may_hold = self._may_hold[key] | ({value} if error.kind == StoreErrorKind.unavailable else set())
        except TApplicationException:
            may_hold = self._may_hold[key] | {value}
        with self._guard:
            self._may_hold[key] = may_hold
        return result

    def wrong_at(self, node):
        """{key: (what `node` finds, what it may find)}, once it answers for all of them."""
        keys = list(self._may_hold)
        at_node = {}
        for at in range(0, len(keys), READ_AT_ONCE):
            at_node.update(self._found_at(node, keys[at:at + READ_AT_ONCE]))
        return {key: (at_node.get(key), may_hold) for key, may_hold in self._may_hold.items()
                if at_node.get(key) not in may_hold}

    def _found_at(self, node, keys):
        def found():
            try:
                return [read_all(node, keys)]
            except StoreError:
                return None

        return wait_until(f"{node.name} answers for every key", found)[0]
