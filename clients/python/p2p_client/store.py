"""How do the key-value store's methods become jobs? Which calls may be repeated, what a StoreError means, and the methods
that both clients share."""
import copy
import math
import os

from p2p_client.codec import Request
from p2p_client.errors import ConditionFailed
from p2p_client.faults import PROTOCOL, fault_of_store_error
from p2p_client.gen.diststore import Store
from p2p_client.gen.diststore.ttypes import (EraseResult, Item, Operation, ReadOptions, ReadResult, ScanItem, ScanOptions, ScanResult,
                                             StoreError, StoreErrorKind, Version, WriteOptions, WriteResult)
from p2p_client.jobs import Batch, Call, ManyCalls, OneCall, part_bytes_max
from p2p_client.operations import OPERATIONS_LEVEL
from p2p_client.outcome import Kind, Lost, Raised, outcome_of

__all__ = ["EraseResult", "Pipeline", "ReadResult", "ScanItem", "ScanResult", "StoreCalls", "Version", "WriteResult"]

READ = Kind(is_change=False, is_repeatable=True)
# A first attempt may be executed late, and overwrite what another client has written since (decision 12), unless it has a name.
WRITE = Kind(is_change=True, is_repeatable=False)
# As a write; besides, the second of two erases would answer "not found".
ERASE = Kind(is_change=True, is_repeatable=False)

# Of one key: done once, however often it is sent, where the network remembers names (decision 44).
NAMED_CHANGE = Kind(is_change=True, is_repeatable=False, takes_name=True)

_READ_OPTIONS = ReadOptions()
_ANY_COPY = ReadOptions(any_copy=True)
_WRITE_OPTIONS = WriteOptions()


def key_bytes(key):
    """A key or value as bytes; text is UTF-8."""
    if isinstance(key, str):
        return key.encode()
    if not isinstance(key, (bytes, bytearray)):
        raise TypeError(f"keys and values are bytes or str, not {type(key).__name__}")
    return bytes(key)


# A hundred years of 365 days, as in diststore.thrift.
TTL_MAX_MS = 100 * 365 * 24 * 3600 * 1000


def ttl_ms_of(ttl):
    """Seconds as whole milliseconds, rounded up; None: for ever."""
    if ttl is None:
        return None
    if not 0 < ttl <= TTL_MAX_MS / 1000:
        raise ValueError(f"a ttl is a number of seconds, more than 0 and at most {TTL_MAX_MS // 1000}")
    return math.ceil(ttl * 1000)


def options_of(if_version, if_absent, ttl=None):
    """The options of a write or an erase."""
    if if_version is None and not if_absent and ttl is None:
        return _WRITE_OPTIONS
    if if_version is not None and if_absent:
        raise ValueError("if_version and if_absent exclude each other")
    return WriteOptions(if_version=if_version, if_absent=True if if_absent else None, ttl_ms=ttl_ms_of(ttl))


class StoreRequest(Request):
    """A call of diststore.Store, whose StoreErrors say whether the call was executed."""

    __slots__ = ()

    def __init__(self, service, method, *arguments):
        super().__init__(service, Store.Client, method, arguments)

    def outcome_of(self, message):
        outcome = super().outcome_of(message)
        if isinstance(outcome, Raised) and isinstance(outcome.exception, StoreError):
            return outcome_of_store_error(outcome.exception)
        return outcome


class ChangeRequest(StoreRequest):
    """A write or an erase of one key; `arguments` end with its WriteOptions. Names an operation from the first attempt on, if all
    members of the network remember names by then."""

    __slots__ = ("_was_prepared",)

    def __init__(self, service, method, *arguments):
        super().__init__(service, method, *arguments)
        self._was_prepared = False

    @property
    def has_name(self):
        return self.arguments[-1].operation is not None

    def prepare(self, views):
        """Before each attempt."""
        if not self._was_prepared and views.level >= OPERATIONS_LEVEL:
            self._set_operation(*views.operations.next())
        self._was_prepared = True

    def note_attempt(self, outcome, was_lost, views):
        """How an attempt has ended; `was_lost`: that one or an earlier one may have been executed. Returns what it comes to."""
        if not self.has_name:
            return outcome
        operation = self.arguments[-1].operation
        if was_lost:
            self._set_operation(operation.client, operation.number, again=True)
        highest = getattr(outcome, "operations_highest", None)
        if highest is None:
            return outcome
        if was_lost:
            return Lost(outcome.why, PROTOCOL)  # whether an earlier attempt has done it will not be known
        self._set_operation(*views.operations.next_above(highest, operation.number))
        return outcome

    def _set_operation(self, client, number, again=False):
        options = copy.copy(self.arguments[-1])
        options.operation = Operation(client=client, number=number, again=again)
        self.arguments = (*self.arguments[:-1], options)


def outcome_of_store_error(error):
    if error.kind == StoreErrorKind.condition_failed:
        return Raised(ConditionFailed(error.message or "the condition was not met", error.version))
    outcome = outcome_of(fault_of_store_error(error.kind), error.message or "the store does not say why")
    if error.kind == StoreErrorKind.operation_forgotten:
        return outcome._replace(operations_highest=error.operations_highest or 0)
    return outcome


class _CallFactory:
    """Makes the store's calls and batches from plain arguments."""

    def __init__(self, service, request_bytes_max):
        self.service = service
        self._part_bytes_max = part_bytes_max(request_bytes_max)

    def read(self, key, any_copy=False):
        key = key_bytes(key)
        # The owner of a key that is drawn is any node: it answers from its copy, or passes the call on.
        routed_by = os.urandom(8) if any_copy else key
        return Call(READ, routed_by, StoreRequest(self.service, "read", key, _ANY_COPY if any_copy else _READ_OPTIONS))

    def write(self, key, value, if_version=None, if_absent=False, ttl=None):
        key = key_bytes(key)
        options = options_of(if_version, if_absent, ttl)
        return Call(NAMED_CHANGE, key, ChangeRequest(self.service, "write", key, key_bytes(value), options))

    def erase(self, key, if_version=None, if_absent=False):
        key = key_bytes(key)
        return Call(NAMED_CHANGE, key, ChangeRequest(self.service, "erase", key, options_of(if_version, if_absent)))

    def scan(self, cursor, prefix, limit, values):
        # Any node will do: it passes the call on once it has shown what it holds itself. The cursor in place of a key
        # spreads the pages over all nodes.
        options = ScanOptions(limit=limit, prefix=key_bytes(prefix) or None, values=True if values else None)
        return Call(READ, bytes(cursor), StoreRequest(self.service, "scan", bytes(cursor), options))

    def batch(self, kind, method, keys, options):
        return Batch(kind, [key_bytes(key) for key in keys], lambda key: key, len,
                     lambda part: StoreRequest(self.service, method, part, options), self._part_bytes_max)

    def write_many(self, items, ttl=None):
        options = options_of(None, False, ttl)
        pairs = items.items() if hasattr(items, "items") else items
        inputs = [Item(key=key_bytes(key), value=key_bytes(value)) for key, value in pairs]
        return Batch(WRITE, inputs, lambda item: item.key, lambda item: len(item.key) + len(item.value),
                     lambda part: StoreRequest(self.service, "write_many", part, options), self._part_bytes_max)


class StoreCalls:
    """The store's methods.

    Keys and values are bytes; str is encoded as UTF-8. `deadline` is in seconds from now; None means that of the client.
    By then the call has ended, with its result or with a ClientError. `if_version` (a Version, as results carry it) and
    `if_absent` make a write or an erase conditional, in an agreed cluster: ConditionFailed is raised if the key has another
    version, or any. `ttl` is in seconds, for writes in an agreed cluster: so long after its owner has taken it, by that node's
    clock, the value is gone; without it, it lives for ever. A network that does not know it refuses it (Rejected), but a node of
    a former version ignores it.
    """

    def __init__(self, service, request_bytes_max):
        self._calls = _CallFactory(service, request_bytes_max)

    def _run(self, job, deadline):
        raise NotImplementedError

    def read(self, key, deadline=None, *, any_copy=False):
        """A ReadResult: `found` (an empty value is found, too), `value`, `version`, which identifies the write, and
        `ttl_left_ms`, in how many milliseconds the value expires; None: never.

        With `any_copy` whichever node has a copy that is in sync may answer, without asking the owner. `stale_ms_max` then says
        how old the answer may be: all that was acknowledged earlier than so many milliseconds before it is seen. None: the
        owner has answered, and all that was acknowledged before the call is seen."""
        return self._run(OneCall(self._calls.read(key, any_copy)), deadline)

    def write(self, key, value, deadline=None, *, if_version=None, if_absent=False, ttl=None):
        """A WriteResult, once the owner has stored the value."""
        return self._run(OneCall(self._calls.write(key, value, if_version, if_absent, ttl)), deadline)

    def erase(self, key, deadline=None, *, if_version=None, if_absent=False):
        """An EraseResult: `found` says whether there was a value."""
        return self._run(OneCall(self._calls.erase(key, if_version, if_absent)), deadline)

    def read_many(self, keys, deadline=None):
        """ReadResults in the order of `keys`; each owner is asked once, all at the same time."""
        return self._run(self._calls.batch(READ, "read_many", keys, _READ_OPTIONS), deadline)

    def write_many(self, items, deadline=None, *, ttl=None):
        """WriteResults in the order of `items`, a mapping or pairs. Each key's write is atomic, the batch is not."""
        return self._run(self._calls.write_many(items, ttl), deadline)

    def erase_many(self, keys, deadline=None):
        """EraseResults in the order of `keys`."""
        return self._run(self._calls.batch(ERASE, "erase_many", keys, _WRITE_OPTIONS), deadline)

    def scan(self, cursor=b"", deadline=None, *, prefix=b"", limit=None, values=False):
        """A ScanResult: one page of all keys of all nodes, in no order.

        `items` (with `key`, `version`, and `value` if asked for and if it fits the page) may be empty before the end; `cursor`
        is for the next page, and empty when there is none. It stays good while nodes come, go and start again. A key that
        exists during the whole scan is shown at least once. `limit` is about how many keys a page has. Needs an agreed
        cluster; a network in classic mode refuses it.
        """
        return self._run(OneCall(self._calls.scan(cursor, prefix, limit, values)), deadline)

    def pipeline(self):
        """Collects calls of any kind, to send them all at once."""
        return Pipeline(self._calls, self._run)


class Pipeline:
    """Concurrent calls: run() sends all of them before it waits for the first reply. They are not ordered, not even
    for one key. Only for the thread that made it."""

    def __init__(self, calls, run):
        self._calls = calls
        self._run = run
        self._collected = []

    def __len__(self):
        return len(self._collected)

    def read(self, key, *, any_copy=False):
        self._collected.append(self._calls.read(key, any_copy))
        return self

    def write(self, key, value, *, if_version=None, if_absent=False, ttl=None):
        self._collected.append(self._calls.write(key, value, if_version, if_absent, ttl))
        return self

    def erase(self, key, *, if_version=None, if_absent=False):
        self._collected.append(self._calls.erase(key, if_version, if_absent))
        return self

    def run(self, deadline=None):
        """Returns the results in the order of the calls, or raises a ClientError with `outcomes`. Empties the pipeline."""
        calls, self._collected = self._collected, []
        return self._run(ManyCalls(calls), deadline)
