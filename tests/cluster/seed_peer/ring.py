"""Whom does a seed node know, and whom does it take for the owner of a key?"""
import threading

from harness.address import classic_name, name_at, split_name
from harness.classic_ring import ClassicRing

from locator.ttypes import Location


def name_of(location):
    """The name as a seed makes it: a port that came negative stays so, and makes another node."""
    return classic_name(name_at(location.address, location.port))


def location_of(name):
    return Location(*split_name(name))


class Ring:
    """The nodes that one seed node knows. Adding one that is there, or removing one that is not, changes nothing.

    Changed by the serving thread and by the tests' console; each reader sees one whole state.
    """

    def __init__(self):
        self._changing = threading.Lock()
        self._state = ({}, ClassicRing([]))

    def add(self, location):
        self._change(lambda known: {**known, name_of(location): location})

    def remove(self, location):
        self._change(lambda known: {name: at for name, at in known.items() if name != name_of(location)})

    def _change(self, changed):
        with self._changing:
            known = changed(self._state[0])
            self._state = (known, ClassicRing(known))

    def names(self):
        return sorted(self._state[0])

    def locations(self):
        """In sorted name order."""
        known = self._state[0]
        return [known[name] for name in sorted(known)]

    def owner(self, key):
        """The owner's location; Location("", 0) on an empty ring."""
        known, ring = self._state
        # What is not UTF-8 came in as surrogates; it is hashed as the bytes that it was.
        name = ring.owner(key.encode("utf-8", "surrogateescape"))
        return Location("", 0) if name is None else known[name]
