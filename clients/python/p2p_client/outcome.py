"""How did one attempt end, and what happens next? Only the rules of retrying: a call whose outcome is unknown is never
"failed"."""
import enum
from typing import NamedTuple

from p2p_client.faults import CLOSED, UNSENT, Executed, Fault, fault_of_exception

class Kind(NamedTuple):
    """What a method promises. One that changes nothing is always repeatable."""

    is_change: bool
    is_repeatable: bool  # idempotent: a second execution changes nothing more and has the same reply
    takes_name: bool = False  # its requests are of store.ChangeRequest's kind


class Answered(NamedTuple):
    value: object


class Raised(NamedTuple):
    """The service has answered with an exception that its IDL declares. It is passed to the caller."""

    exception: Exception


class NotExecuted(NamedTuple):
    """Certainly not executed."""

    why: str
    fault: Fault = UNSENT
    operations_highest: int | None = None  # the number of the operation is to be above it


class Oversized(NamedTuple):
    """Not executed, because the part of a batch, or its reply, is too large: smaller parts may succeed."""

    why: str


class Lost(NamedTuple):
    """Possibly executed: sent but not answered, or answered with a fault that leaves it open."""

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


# How the text begins with which a p2phost node refuses a request that it does not know.
OUR_PREFIXES = ("p2p:", "service '")


def outcome_of_probe(outcome):
    """The outcome of a request that every p2phost node either knows or refuses in its own words; Foreign if the refusal has
    other words."""
    if isinstance(outcome, NotExecuted) and not outcome.fault.is_transient and not outcome.why.startswith(OUR_PREFIXES):
        return Foreign(outcome.why)
    return outcome


def next_step(kind, outcome, keys=1, has_name=False):
    """What follows an attempt at a part of `keys` keys, before the deadline; `has_name`: it is done once, however often it is
    sent."""
    match outcome:
        case Answered() | Raised():
            return Next.done
        case NotExecuted():
            return Next.again if outcome.fault.is_transient else Next.rejected
        case Oversized():
            return Next.halved if keys > 1 else Next.rejected
        case Lost():
            if outcome.fault.is_transient and (kind.is_repeatable or has_name):
                return Next.again
            return Next.unknown if kind.is_change else Next.failed
    raise TypeError(f"{outcome!r} is not an outcome")


def step_at_deadline(kind, was_lost):
    """How a call without an answer ends at its deadline; `was_lost`: one of its attempts ended as Lost."""
    return Next.unknown if was_lost and kind.is_change else Next.failed


def outcome_of(fault, why):
    """The outcome of an attempt that ended with `fault`."""
    if "too_much" in fault.notes:
        return Oversized(why)
    return NotExecuted(why, fault) if fault.executed is Executed.no else Lost(why, fault)


def outcome_of_exception(exception):
    """The outcome that a node's TApplicationException means."""
    text = exception.message or ""
    return outcome_of(fault_of_exception(exception.type, text), text)
