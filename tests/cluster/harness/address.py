"""Where do the nodes of a test live, and how is an address written? On one loopback address of this process.

P2P_FAMILY=6 in the environment makes it ::1, for every node, peer and connection of a test; else it is 127.0.0.1.
"""
import os
import socket

HOST = {"4": "127.0.0.1", "6": "::1"}[os.environ.get("P2P_FAMILY", "4")]
# Another text of it, which is another node to a ring and leads to the same process.
ALIAS = {"127.0.0.1": "localhost", "::1": "0::1"}[HOST]
FAMILY = socket.AF_INET6 if HOST == "::1" else socket.AF_INET


class PortAt(int):
    """A port of a machine of its own: whoever takes a port, takes this too, and goes to that machine."""

    host = HOST

    def __new__(cls, host, port):
        made = super().__new__(cls, port)
        made.host = host
        return made


def place(port):
    """(host, port) of a port: of this test's address, unless it says its own."""
    return getattr(port, "host", HOST), int(port)


def name_at(address, port):
    """The one text form: "host:port", with brackets around an IPv6 address."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def here(port):
    """The name of what listens on `port`, of this test's address unless it says its own."""
    return name_at(*place(port))


def split_name(name):
    """(address, port) of a name, in either form."""
    address, _, port = name.rpartition(":")
    return address.strip("[]"), int(port)


def classic_name(name):
    """The same without brackets: how the 2009 system calls a node, and what its ring hashes."""
    return name.removeprefix("[").replace("]:", ":") if name.startswith("[") else name


def listening(port=0):
    """A listening socket, on any free port unless one is said."""
    return socket.create_server((HOST, port), family=FAMILY)


def unbound():
    """A TCP socket of the family."""
    return socket.socket(FAMILY)
