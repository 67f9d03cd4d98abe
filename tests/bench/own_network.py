"""How many bytes go over the wire? In a network of its own, the loopback device carries what this script starts and nothing
else, so that its counter tells."""
import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, net/if.h


def enter() -> bool:
    """Moves this process, and what it starts from now on, into a network namespace whose loopback device is up. False, and all
    is as before, where the system does not allow that. Only while there is one thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    as_root = user == 0
    if libc.unshare(CLONE_NEWNET if as_root else CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    if not as_root:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(control, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))
    return True


def bytes_so_far() -> int:
    """What the loopback device has carried: everything that was sent in either direction, with the heads of TCP and IP."""
    lines = Path("/proc/self/net/dev").read_text().splitlines()
    loopback = next(line for line in lines if line.lstrip().startswith("lo:"))
    return int(loopback.split()[1])
