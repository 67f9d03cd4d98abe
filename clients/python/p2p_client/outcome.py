"""How did one attempt end, and what follows? The rules of retrying, alone: an outcome that is not known is never
"failed"."""
import enum
from typing import NamedTuple

from thrift.Thrift import TApplicationException

# How the texts begin by which a node says that it did not take the call (sdk/include/p2p/call.h). PASSING
# ones may be gone a moment later; a service that a node does not have is asked for in vain.
UNTAKEN = ("p2p:unknown: ", "p2p:disabled: ", "p2p:draining: ", "p2p:overloaded: ")
PASSING = ("p2p:disabled: ", "p2p:draining: ", "p2p:overloaded: ")


class Kind(NamedTuple):
    """What a method promises. One that changes nothing is always repeatable."""

    is_change: bool
    is_repeatable: bool  # executed twice, it leaves what it left once, and answers the same


class Answered(NamedTuple):
    value: object


class Raised(NamedTuple):
    """The service has answered with an exception that its IDL declares: the caller's business."""

    exception: Exception


class Untaken(NamedTuple):
    """Surely not executed."""

    why: str
    is_passing: bool = True  # another attempt may be taken


class Oversized(NamedTuple):
    """Not executed, because the part of a batch, or its reply, is too large: smaller parts may do."""

    why: str


class Lost(NamedTuple):
    """Sent, and not answered, or answered with a word that tells nothing: it may have been executed."""

    why: str
    is_passing: bool = True


class Next(enum.Enum):
    done = enum.auto()
    again = enum.auto()
    halved = enum.auto()  # again, in two parts
    failed = enum.auto()
    rejected = enum.auto()
    unknown = enum.auto()


def next_step(kind, outcome, keys=1):
    """What follows an attempt at a part of `keys` keys, while there is time."""
    match outcome:
        case Answered() | Raised():
            return Next.done
        case Untaken(is_passing=True):
            return Next.again
        case Untaken():
            return Next.rejected
        case Oversized():
            return Next.halved if keys > 1 else Next.rejected
        case Lost(is_passing=True) if kind.is_repeatable:
            return Next.again
        case Lost():
            return Next.unknown if kind.is_change else Next.failed
    raise TypeError(f"{outcome!r} is no outcome")


def when_time_is_over(kind, was_lost):
    """What a call is that nobody has answered; `was_lost`: one of its attempts ended as Lost."""
    return Next.unknown if was_lost and kind.is_change else Next.failed


def outcome_of_fault(fault):
    text = fault.message or ""
    if text.startswith(UNTAKEN):
        return Untaken(text, is_passing=text.startswith(PASSING))
    if fault.type in (TApplicationException.UNKNOWN_METHOD, TApplicationException.PROTOCOL_ERROR):
        return Untaken(text, is_passing=False)  # the method is not known, or its arguments could not be read
    return Lost(text, is_passing=False)
