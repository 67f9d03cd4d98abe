"""What do the 2009 system's example clients do? put, get, the primer, and the test of what was primed.

  python3 -m seed_peer.clients put KEY VALUE | get KEY | prime | test   [--peer HOST:PORT]

Without a peer they ask on localhost, from port 9900 on. A peer is a name, "address:port".
"""
import argparse
import sys

from seed_peer import discovery
from seed_peer.ring import location_of, name_of
from seed_peer.wire import FAILURES, call

WORDS = """Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa Quebec
           Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu""".split()
ALPHABET = {word[0]: word for word in WORDS}


def put(key, value, peer=None, first_port=discovery.DEFAULT_PORT, seconds=None):
    call(_peer(peer, first_port, seconds), "put", key, value, seconds=seconds)


def get(key, peer=None, first_port=discovery.DEFAULT_PORT, seconds=None):
    return call(_peer(peer, first_port, seconds), "get", key, seconds=seconds)


def prime(peer=None, first_port=discovery.DEFAULT_PORT, seconds=None):
    store = _peer(peer, first_port, seconds)
    for letter, word in ALPHABET.items():
        call(store, "put", letter, word, seconds=seconds)


def test(peer=None, first_port=discovery.DEFAULT_PORT, seconds=None):
    """Each letter without a value, with the name of the node that should have had it."""
    store = _peer(peer, first_port, seconds)
    missing = {}
    for letter in ALPHABET:
        if not call(store, "get", letter, seconds=seconds):
            missing[letter] = name_of(call(store, "get_node", letter, seconds=seconds))
    return missing


def _peer(peer, first_port, seconds):
    return discovery.find_store(first_port, seconds) if peer is None else location_of(peer)


# --- the program ---


def parse_arguments(words):
    parser = argparse.ArgumentParser(prog="seed_peer.clients", description="The example clients of the 2009 system.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, positional in (("put", ["key", "value"]), ("get", ["key"]), ("prime", []), ("test", [])):
        command = commands.add_parser(name)
        for argument in positional:
            command.add_argument(argument)
        command.add_argument("--peer", metavar="HOST:PORT")
        command.add_argument("--first-port", type=int, default=discovery.DEFAULT_PORT,
                             help="to look from, instead of 9900")
    return parser.parse_args(words)


def main():
    arguments = parse_arguments(sys.argv[1:])
    place = {"peer": arguments.peer, "first_port": arguments.first_port}
    try:
        if arguments.command == "put":
            put(arguments.key, arguments.value, **place)
        elif arguments.command == "get":
            print(get(arguments.key, **place))
        elif arguments.command == "prime":
            prime(**place)
        else:
            missing = test(**place)
            for letter, node in missing.items():
                print(f"{letter} is missing; {node} should have it")
            return 1 if missing else 0
    except (*FAILURES, discovery.NothingFound) as failure:
        sys.exit(f"{type(failure).__name__}: {failure}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
