"""How did one attempt end, and what follows? The rules of retrying, alone: an outcome that is not known is never
"failed"."""
import enum
from typing import NamedTuple

from p2p_client.faults import CLOSED, UNSENT, Executed, Fault, fault_of_exception

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
    fault: Fault = UNSENT


class Oversized(NamedTuple):
    """Not executed, because the part of a batch, or its reply, is too large: smaller parts may do."""

    why: str


class Lost(NamedTuple):
    """Sent, and not answered, or answered with a word that tells nothing: it may have been executed."""

    why: str
    fault: Fault = CLOSED


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
    if isinstance(outcome, Untaken) and not outcome.fault.is_passing and not outcome.why.startswith(OURS):
        return Foreign(outcome.why)
    return outcome


def next_step(kind, outcome, keys=1):
    """What follows an attempt at a part of `keys` keys, while there is time."""
    match outcome:
        case Answered() | Raised():
            return Next.done
        case Untaken():
            return Next.again if outcome.fault.is_passing else Next.rejected
        case Oversized():
            return Next.halved if keys > 1 else Next.rejected
        case Lost():
            if outcome.fault.is_passing and kind.is_repeatable:
                return Next.again
            return Next.unknown if kind.is_change else Next.failed
    raise TypeError(f"{outcome!r} is no outcome")


def when_time_is_over(kind, was_lost):
    """What a call is that nobody has answered; `was_lost`: one of its attempts ended as Lost."""
    return Next.unknown if was_lost and kind.is_change else Next.failed


def outcome_of(fault, why):
    """How an attempt ended that came to `fault`."""
    if "too_much" in fault.notes:
        return Oversized(why)
    return Untaken(why, fault) if fault.executed is Executed.no else Lost(why, fault)


def outcome_of_exception(exception):
    """What a TApplicationException of a node means."""
    text = exception.message or ""
    return outcome_of(fault_of_exception(exception.type, text), text)
