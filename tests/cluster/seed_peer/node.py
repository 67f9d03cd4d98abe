"""What does a node of the 2009 system do? The locator, the store on top of it, and their program.

  python3 -m seed_peer.node --port 9900 [--peer HOST:PORT] [--locator-only]

It says on stdout when it has joined, and when it is listening. Its log on stderr names each call it gets and makes.
"""
import argparse
import collections
import logging
import signal
import socket
import sys
import time

from locator.ttypes import Location

from seed_peer import discovery, faults, wire
from seed_peer.console import Console, say
from seed_peer.ring import Ring, location_of, name_of
from seed_peer.wire import Unreachable

# The description's own numbers. They are what makes a seed put to a joiner that does not listen yet.
HAND_OVER_WAIT_SECONDS = 0.010
PINGS_MAX = 10
FIRST_BACK_OFF_SECONDS = 0.010

LAST_PORT = 32767  # it travels as i16

# Characters of an argument that the log shows.
SHOWN_MAX = 200

log = logging.getLogger("seed_peer")


class LocatorNode:
    """Knows every node of the ring, and passes on who comes and who goes."""

    TYPES = ["locator.Base", "locator.Locator"]
    SEARCHED_PORTS = 40

    def __init__(self, location):
        self.location = location
        self.ring = Ring()

    def processor(self):
        return wire.locator_processor(self)

    # --- its life ---

    def start(self, peer):
        """Enters the ring of `peer`, or founds one. It does not listen yet."""
        self.ring.add(self.location)
        if peer is None:
            return
        for location in self._call(peer, "get_all"):
            self.ring.add(location)
        self._call(peer, "join", self.location)

    def cleanup(self):
        """The way out: the first node that can be reached passes on that this one has gone."""
        self.ring.remove(self.location)
        self._pass_on("remove", self.location, [])

    # --- Base ---

    def ping(self):
        pass

    def service_type(self):
        return self.TYPES[-1]

    def service_types(self):
        return self.TYPES

    def debug(self):
        log.info("ring: %s", self.ring.names())

    def die(self):
        raise KeyboardInterrupt

    # --- Locator ---

    def get_all(self):
        return self.ring.locations()

    def get_node(self, key):
        return self.ring.owner(key)

    def join(self, location):
        self.add(location, [self.location])
        self._await(location)

    def add(self, location, authorities):
        self._pass_on("add", location, authorities)
        self.ring.add(location)

    def remove(self, location, authorities):
        self.ring.remove(location)
        self._pass_on("remove", location, authorities)

    def _pass_on(self, method, location, authorities):
        """Tells the first node in the order of names that is no authority; it tells the next."""
        authorities = [*authorities, self.location]
        known = self.ring.locations()
        for destination in known:
            if destination in authorities:
                continue
            try:
                self._call(destination, method, location, authorities)
                return
            except Unreachable:
                self.remove(destination, known)  # with nobody left to tell

    def _await(self, location):
        """Pings a joiner until it serves; only then does this node serve others again."""
        for number in range(PINGS_MAX):
            try:
                self._call(location, "ping")
                return
            except Unreachable:
                log.info("%s does not listen yet", name_of(location))
                time.sleep(FIRST_BACK_OFF_SECONDS * 2 ** number)
        log.info("%s never listened", name_of(location))

    def _call(self, destination, method, *arguments):
        log.info("call %s %s(%s)", name_of(destination), method, ", ".join(map(shown, arguments)))
        try:
            return wire.call(destination, method, *arguments)
        except Unreachable:
            raise
        except Exception as failure:
            log.info("%s broke off %s: %r", name_of(destination), method, failure)
            raise


class StoreNode(LocatorNode):
    """A locator that keeps the values of the keys that its ring says are its own. "" stands for no value."""

    TYPES = [*LocatorNode.TYPES, "diststore.Store"]
    SEARCHED_PORTS = 25

    def __init__(self, location, switched=None):
        super().__init__(location)
        self.items = collections.defaultdict(str)
        self._faults = switched or faults.Faults()

    def processor(self):
        return wire.store_processor(self)

    def cleanup(self):
        """Gives every value to its next owner, who has to know first that this node has gone, and to answer a ping.

        Nobody is served meanwhile. Of failures it knows one, that nobody listens: any other ends it where it stands.
        """
        self.ring.remove(self.location)
        told = []
        for key, value in list(self.items.items()):
            owner = self.ring.owner(key)
            if not value:
                continue
            try:
                if owner not in told:
                    self._call(owner, "remove", self.location, [self.location])
                self._call(owner, "ping")
                told.append(owner)
                self._faults.wait_until_it_may_hand_over()
                self._call(owner, "put", key, value)
            except Unreachable:
                log.info("%s not found, %s is lost", name_of(owner), shown(key))
        if not told:
            super().cleanup()

    def add(self, location, authorities):
        super().add(location, authorities)
        time.sleep(HAND_OVER_WAIT_SECONDS)
        for key, value in list(self.items.items()):
            if self.ring.owner(key) != location:
                continue
            self._faults.wait_until_it_may_hand_over()
            try:
                self._call(location, "put", key, value)
            except Unreachable:
                log.info("%s refuses %s, which is stranded here", name_of(location), shown(key))
                continue
            del self.items[key]  # it was written: whether it was taken nobody asks

    # --- Store ---

    def get(self, key):
        owner = self.ring.owner(key)
        if owner == self.location:
            return self.items[key]  # a missing key is inserted
        try:
            return self._call(owner, "get", key)
        except Unreachable:
            self.remove(owner, [])
            return ""

    def put(self, key, value):
        owner = self.ring.owner(key)
        if owner == self.location:
            if not self._faults.drops_puts:
                self.items[key] = value
            return
        try:
            self._call(owner, "put", key, value)
        except Unreachable:
            self.remove(owner, [])  # the value is lost


def shown(argument):
    if isinstance(argument, Location):
        return name_of(argument)
    if isinstance(argument, list):
        return "[" + ", ".join(map(shown, argument)) + "]"
    text = repr(argument)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}... of {len(text)}"


# --- the program ---


def parse_arguments(words):
    parser = argparse.ArgumentParser(prog="seed_peer.node", description="A node of the 2009 system.")
    parser.add_argument("--host", help="its own address, and the only one it listens on; else the host's resolved "
                                       "address, listening on all")
    parser.add_argument("--port", type=int, help="else the first from 9900 on at which nobody answers")
    parser.add_argument("--peer", metavar="HOST:PORT", type=location_of, help="whose ring it joins; else it finds one")
    parser.add_argument("--alone", action="store_true", help="looks for nobody: a new network")
    parser.add_argument("--first-port", type=int, default=discovery.DEFAULT_PORT, help="to look from, instead of 9900")
    parser.add_argument("--locator-only", action="store_true", help="the locator without the store")
    faults.add_switches(parser)
    arguments = parser.parse_args(words)
    if arguments.port is not None and not 0 < arguments.port <= LAST_PORT:
        parser.error(f"--port: between 1 and {LAST_PORT}, since it travels as i16")
    return arguments


def own_location(arguments, kind):
    address = arguments.host or socket.gethostbyname(socket.gethostname())
    if arguments.port is None:
        return Location(address, discovery.find_free_port(address, kind.SEARCHED_PORTS, arguments.first_port))
    location = Location(address, arguments.port)
    if discovery.answers(location):
        sys.exit(f"a node answers at {name_of(location)} already")
    return location


def chosen_peer(arguments, kind):
    if arguments.peer or arguments.alone:
        return arguments.peer
    return discovery.find_peer(kind.TYPES[-1], arguments.first_port)


def run(arguments):
    switched = faults.from_switches(arguments)
    kind = LocatorNode if arguments.locator_only else StoreNode
    location = own_location(arguments, kind)
    node = kind(location) if arguments.locator_only else kind(location, switched)

    def note_and_wait(method, _type, _sequence):
        log.info("got %s", method)
        switched.wait_until_it_may_answer(method)

    processor = node.processor()
    processor.on_message_begin(note_and_wait)
    listening = wire.ListeningSocket(arguments.host, location.port, on_listening=lambda: say("listening"),
                                     wait_until_allowed=switched.wait_until_it_may_listen)
    Console(node, switched, listening).start()
    try:
        peer = chosen_peer(arguments, kind)
        log.info("%s joins %s", name_of(location), discovery.describe(peer))
        node.start(peer)
        for name in arguments.other_ring:
            node.ring.add(location_of(name))
        say("joined")
        wire.simple_server(processor, listening).serve()
    except KeyboardInterrupt:
        log.info("leaving")
        node.cleanup()


def main():
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    # Set even where the parent ignores them, as a shell does for what it runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    arguments = parse_arguments(sys.argv[1:])
    try:
        run(arguments)
    except (*wire.FAILURES, discovery.NothingFound) as failure:
        sys.exit(f"{type(failure).__name__}: {failure}")


if __name__ == "__main__":
    main()
