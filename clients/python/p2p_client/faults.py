"""What does a failed attempt mean, and what follows? Nodes and the clients of other languages ask the same table,
lib/retry/faults.table, whose head says what its columns mean; the build makes a module of it."""
import enum
from typing import NamedTuple

from thrift.Thrift import TApplicationException

from p2p_client.gen import fault_table
from p2p_client.gen.diststore.ttypes import StoreErrorKind


class Executed(enum.Enum):
    no = enum.auto()  # surely not, and it never will be
    maybe = enum.auto()  # then or later


class Where(enum.Enum):
    owner = enum.auto()  # the next attempt goes to whoever owns the key by then
    another = enum.auto()  # not to the node that was asked, as long as there is another one
    nowhere = enum.auto()  # the next attempt would end in the same way


class After(enum.Enum):
    at_once = enum.auto()  # the first repetition is; later ones pause
    back_off = enum.auto()  # the first one pauses too
    new_view = enum.auto()  # as at_once, and the ring is asked for


class Fault(NamedTuple):
    executed: Executed
    where: Where
    after: After
    notes: frozenset
    kind: str

    @property
    def is_passing(self):
        """Whether another attempt may fare better."""
        return self.where is not Where.nowhere


def _fault(executed, where, after, notes, kind):
    return Fault(Executed[executed], Where[where], After[after], frozenset(notes), kind)


def _kind(kinds, name):
    """The number of this name; None for any."""
    return None if name.lower() == "any" else getattr(kinds, name)


_EXCEPTIONS = [(_kind(TApplicationException, name), prefix, _fault(*row))
               for name, prefix, row in fault_table.EXCEPTIONS]
_STORE_ERRORS = {_kind(StoreErrorKind, name): _fault(*row) for name, row in fault_table.STORE_ERRORS.items()}
TRANSPORT = {seen: _fault(*row) for seen, row in fault_table.TRANSPORT.items()}

UNSENT = TRANSPORT["unsent"]
CLOSED = TRANSPORT["closed"]
TIMED_OUT = TRANSPORT["timed_out"]
PROTOCOL = TRANSPORT["protocol"]  # bytes that make no sense
INVALID = TRANSPORT["invalid"]


def fault_of_exception(kind, text):
    """A TApplicationException of this type. A prefix counts only with the type that nodes send it with: a service may
    pass on a text that it was given."""
    return next(fault for of_kind, prefix, fault in _EXCEPTIONS if of_kind in (None, kind) and text.startswith(prefix))


def fault_of_store_error(kind):
    """A kind that is not known says nothing of what has happened."""
    return _STORE_ERRORS.get(kind) or _STORE_ERRORS[None]
