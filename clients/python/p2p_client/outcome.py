"""How did one attempt end, and what follows? The rules of retrying, alone: an outcome that is not known is never
"failed"."""
import enum
from typing import NamedTuple

from thrift.Thrift import TApplicationException

# How the texts begin by which a node says that nobody has executed the call, for a reason that may be gone a moment
# later (sdk/include/p2p/call.h). Each counts only with the type that nodes send it with: a service may pass on a text
# that it was given.
PASSING = {
    TApplicationException.UNKNOWN_METHOD: ("p2p:disabled: ", "p2p:draining: "),
    TApplicationException.INTERNAL_ERROR: ("p2p:overloaded: ", "p2p:not-executed: "),
}

# The same, for a call that a node has passed on and lost sight of.
UNKNOWN_OUTCOME = "p2p:unknown-outcome: "

# Faults that last, and mean that nothing was executed: no such service or method, a route that refuses the method;
# arguments that hold no key, or could not be read.
LASTING = (TApplicationException.UNKNOWN_METHOD, TApplicationException.PROTOCOL_ERROR)


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


class Foreign(NamedTuple):
    """Of a question to a node that may be none of ours: it is none. It is sent nothing else."""

    why: str


class Next(enum.Enum):
    done = enum.auto()
    again = enum.auto()
    halved = enum.auto()  # again, in two parts
    failed = enum.auto()
    rejected = enum.auto()
    unknown = enum.auto()


# How the hosts of ours begin when they do not know what they are asked for.
OURS = ("p2p:", "service '")


def who_answered(outcome):
    """`outcome` of a question that every node of ours knows, or has words of its own for; Foreign for other words."""
    if isinstance(outcome, Untaken) and not outcome.is_passing and not outcome.why.startswith(OURS):
        return Foreign(outcome.why)
    return outcome


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
    if text.startswith(PASSING.get(fault.type, ())):
        return Untaken(text)
    if fault.type in LASTING:
        return Untaken(text, is_passing=False)
    # The service itself has failed, and would again, unless it was never heard of.
    is_passing = fault.type == TApplicationException.INTERNAL_ERROR and text.startswith(UNKNOWN_OUTCOME)
    return Lost(text, is_passing)
