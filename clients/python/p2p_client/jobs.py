"""Which calls are to be made, and how did each end? A job splits its calls into parts by node, and collects the outcome of
each key."""
import collections
from typing import NamedTuple

from p2p_client.errors import ClientError, Failed, Rejected, Unknown
from p2p_client.faults import PROTOCOL
from p2p_client.outcome import Answered, Kind, Lost

# Keys of one part of a batch: many share the cost of a message, and few wait for a slow node.
PART_KEYS_MAX = 1_000

# Bytes of the keys and values of one part, unless it has a single key.
PART_BYTES_MAX = 4 << 20

# The share of a request's limit that keys and values may take; the encoding adds to it. If a request is still too large, its
# part is halved.
PART_SHARE = 1 / 4


def part_bytes_max(request_bytes_max):
    """The limit for the keys and values of one part, given the limit of a request."""
    return min(PART_BYTES_MAX, int(PART_SHARE * request_bytes_max))


class Part(NamedTuple):
    """One message to one node, for the keys at these indexes of the job."""

    node: str
    indexes: list
    request: object
    kind: Kind


class Call(NamedTuple):
    kind: Kind
    key: bytes
    request: object


class Job:
    """When the job is over, `outcomes` holds a result or an exception for each index."""

    def __init__(self, count):
        self.outcomes = [None] * count

    def parts(self, indexes, choose):
        """The messages for `indexes`; choose(index) returns the node."""
        raise NotImplementedError

    def key(self, index):
        raise NotImplementedError

    def kind(self, index):
        raise NotImplementedError

    def accept_reply(self, part, value):
        """Stores the results in a reply. Returns None, or the outcome if the reply is wrong."""
        raise NotImplementedError

    def halve(self, part):
        """Makes later parts smaller than this one."""

    def result(self):
        """Returns the job's result, or raises the reason why there is none."""
        raise NotImplementedError


class OneCall(Job):
    def __init__(self, call):
        super().__init__(1)
        self._call = call

    def parts(self, indexes, choose):
        return [Part(choose(0), indexes, self._call.request, self._call.kind)]

    def key(self, _):
        return self._call.key

    def kind(self, _):
        return self._call.kind

    def accept_reply(self, _, value):
        self.outcomes[0] = value

    def result(self):
        if isinstance(self.outcomes[0], Exception):
            raise self.outcomes[0]
        return self.outcomes[0]


class ManyCalls(Job):
    """A pipeline: any calls at once, each with its own message."""

    def __init__(self, calls):
        super().__init__(len(calls))
        self._calls = calls

    def parts(self, indexes, choose):
        return [Part(choose(index), [index], self._calls[index].request, self._calls[index].kind) for index in indexes]

    def key(self, index):
        return self._calls[index].key

    def kind(self, index):
        return self._calls[index].kind

    def accept_reply(self, part, value):
        self.outcomes[part.indexes[0]] = value

    def result(self):
        return _all_or_raise(self.outcomes, any(call.kind.is_change for call in self._calls))


class Batch(Job):
    """One method for many keys: one message to each owner, within the limits above.

    `inputs` are the elements of the method's list; key_of(input) is the key of one, bytes_of(input) its size, and
    request_of([input]) the message.
    """

    def __init__(self, kind, inputs, key_of, bytes_of, request_of, bytes_max=PART_BYTES_MAX):
        super().__init__(len(inputs))
        self._kind = kind
        self._inputs = inputs
        self._key_of = key_of
        self._bytes_of = bytes_of
        self._request_of = request_of
        self._part_keys_max = PART_KEYS_MAX
        self._part_bytes_max = bytes_max

    def parts(self, indexes, choose):
        by_node = collections.defaultdict(list)
        for index in indexes:
            by_node[choose(index)].append(index)
        return [Part(node, chunk, self._request_of([self._inputs[index] for index in chunk]), self._kind)
                for node, all_of_node in by_node.items() for chunk in self._chunks(all_of_node)]

    def _chunks(self, indexes):
        chunk, size = [], 0
        for index in indexes:
            more = self._bytes_of(self._inputs[index])
            if chunk and (len(chunk) == self._part_keys_max or size + more > self._part_bytes_max):
                yield chunk
                chunk, size = [], 0
            chunk.append(index)
            size += more
        if chunk:
            yield chunk

    def key(self, index):
        return self._key_of(self._inputs[index])

    def kind(self, _):
        return self._kind

    def accept_reply(self, part, values):
        if not isinstance(values, list) or len(values) != len(part.indexes):
            return Lost("the reply does not match the request", PROTOCOL)
        for index, value in zip(part.indexes, values):
            self.outcomes[index] = value
        return None

    def halve(self, part):
        self._part_keys_max = max(1, min(self._part_keys_max, len(part.indexes) // 2))

    def result(self):
        return _all_or_raise(self.outcomes, self._kind.is_change)


def _all_or_raise(outcomes, is_change):
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if not errors:
        return outcomes
    nothing_changed = not is_change or len(errors) == len(outcomes) and all(isinstance(e, Failed) for e in errors)
    if not nothing_changed:
        kind = Unknown
    elif all(isinstance(error, Rejected) for error in errors):
        kind = Rejected
    else:
        kind = Failed
    first = next((error for error in errors if isinstance(error, Unknown)), errors[0])
    cause = first.cause if isinstance(first, ClientError) else repr(first)
    raise kind(f"{len(errors)} of {len(outcomes)} keys have no result: {cause}", outcomes)


def fingerprints_of(outcome):
    """The fingerprints of views in a reply, without duplicates."""
    if not isinstance(outcome, Answered):
        return ()
    value = outcome.value
    if isinstance(value, list):
        return {view for one in value if (view := getattr(one, "view", None)) is not None}
    view = getattr(value, "view", None)
    return () if view is None else (view,)
