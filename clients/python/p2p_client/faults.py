"""What does a failed attempt mean, and what happens next? Nodes and the clients in other languages use the same table,
lib/retry/faults.table, whose head explains its columns; the build generates a module from it."""
import enum
from typing import NamedTuple

from thrift.Thrift import TApplicationException

from p2p_client.gen import fault_table
from p2p_client.gen.diststore.ttypes import StoreErrorKind


class Executed(enum.Enum):
    no = enum.auto()  # certainly not, and it never will be
    maybe = enum.auto()  # already, or later


class Where(enum.Enum):
    owner = enum.auto()  # the next attempt goes to the owner that the key has then
    another = enum.auto()  # the next attempt goes to a node other than the last one, if there is one
    nowhere = enum.auto()  # a retry is pointless: it would end in the same way


class After(enum.Enum):
    at_once = enum.auto()  # the first retry comes at once; later ones after a pause
    back_off = enum.auto()  # the first retry comes after a pause, too
    new_view = enum.auto()  # as at_once; the view is refreshed first


class Fault(NamedTuple):
    executed: Executed
    where: Where
    after: After
    notes: frozenset
    kind: str

    @property
    def is_transient(self):
        """Whether a retry may succeed."""
        return self.where is not Where.nowhere


def _fault(executed, where, after, notes, kind):
    return Fault(Executed[executed], Where[where], After[after], frozenset(notes), kind)


def _kind(kinds, name):
    """The enumerator of this name; None for "any"."""
    return None if name.lower() == "any" else getattr(kinds, name)


_EXCEPTIONS = [(_kind(TApplicationException, name), prefix, _fault(*row))
               for name, prefix, row in fault_table.EXCEPTIONS]
_STORE_ERRORS = {_kind(StoreErrorKind, name): _fault(*row) for name, row in fault_table.STORE_ERRORS.items()}
TRANSPORT = {seen: _fault(*row) for seen, row in fault_table.TRANSPORT.items()}

UNSENT = TRANSPORT["unsent"]
CLOSED = TRANSPORT["closed"]
TIMED_OUT = TRANSPORT["timed_out"]
PROTOCOL = TRANSPORT["protocol"]  # malformed bytes
INVALID = TRANSPORT["invalid"]


def fault_of_exception(kind, text):
    """The fault of a TApplicationException. A prefix counts only with the type that nodes send it with: a service may
    quote a text that it has received."""
    return next(fault for of_kind, prefix, fault in _EXCEPTIONS if of_kind in (None, kind) and text.startswith(prefix))


def fault_of_store_error(kind):
    """The fault of a StoreError. After one of an unknown kind the call may have been executed."""
    return _STORE_ERRORS.get(kind) or _STORE_ERRORS[None]
