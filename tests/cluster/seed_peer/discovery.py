"""Where does a seed serve when no port is given, and whom does it ask when no peer is given?"""
from locator.ttypes import Location

from seed_peer.ring import name_of
from seed_peer.wire import FAILURES, call

DEFAULT_PORT = 9900

# On localhost, from the default port on.
DISCOVERED_PORTS = 10


class NothingFound(Exception):
    """No free port, or no peer."""


def answers(location, seconds=None):
    try:
        call(location, "ping", seconds=seconds)
        return True
    except FAILURES:
        return False


def find_free_port(address, count, first_port=DEFAULT_PORT):
    """The first of `count` ports at which nobody answers a ping."""
    for port in range(first_port, first_port + count):
        if not answers(Location(address, port)):
            return port
    raise NothingFound(f"no free port among {first_port} to {first_port + count - 1}")


def find_peer(wanted, first_port=DEFAULT_PORT, seconds=None):
    """The first on localhost that says to be a `wanted`, or None."""
    for port in range(first_port, first_port + DISCOVERED_PORTS):
        candidate = Location("localhost", port)
        try:
            if call(candidate, "service_type", seconds=seconds) == wanted:
                return candidate
        except FAILURES:
            continue
    return None


def find_store(first_port=DEFAULT_PORT, seconds=None):
    found = find_peer("diststore.Store", first_port, seconds)
    if found is None:
        raise NothingFound(f"no store on localhost from port {first_port} on")
    return found


def describe(location):
    return "a new network" if location is None else name_of(location)
