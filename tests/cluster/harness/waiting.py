"""How does a test wait for the world? It asks again and again until a deadline, and says what it saw last."""
import time

from harness.settings import PATIENCE

# Short against everything waited for, long enough not to load the machine that is waited for.
POLL_SECONDS = 0.01


class Impatient(AssertionError):
    """What was waited for has not come."""


def wait_until(what, condition, seconds=10.0):
    """Returns the first true value of `condition`. Exceptions of the network count as "not yet"; others pass."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        seen = None
        try:
            seen = condition()
            if seen:
                return seen
        except NOT_YET as failure:
            seen = failure
        if time.monotonic() >= end:
            raise Impatient(f"waited {seconds * PATIENCE:g} s in vain: {what}; last seen: {seen!r}")
        time.sleep(POLL_SECONDS)


def wait_for_equal(what, expected, read, seconds=10.0):
    """Waits until `read` returns `expected`, and shows what it returned last otherwise."""
    last = []

    def is_equal():
        last[:] = [read()]
        return last[0] == expected

    try:
        wait_until(what, is_equal, seconds)
    except Impatient as failure:
        raise Impatient(f"{failure}; expected {expected!r}, got {last}") from None


def _network_failures():
    from thrift.Thrift import TApplicationException
    from thrift.transport.TTransport import TTransportException

    return (OSError, EOFError, TTransportException, TApplicationException)


NOT_YET = _network_failures()
