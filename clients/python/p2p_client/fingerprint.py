"""Which view of the network has a node? The same hash over members and placement as
plugins/locator/ring/member_view.cc.

XXH3 comes from libxxhash itself, which apt needs too and which is therefore on every Debian machine.
"""
import ctypes
import struct

_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxh3 = _xxhash.XXH3_64bits
_xxh3.restype = ctypes.c_uint64
_xxh3.argtypes = (ctypes.c_char_p, ctypes.c_size_t)


def fingerprint_of(sorted_names, placement):
    """As the i64 that replies carry in `view`."""
    text = "\n".join([placement, *sorted_names]).encode()
    return struct.unpack("q", struct.pack("Q", _xxh3(text, len(text))))[0]
