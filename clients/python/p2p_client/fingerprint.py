"""Which view of the network does a node have? The same hash over members and placement as in
plugins/locator/ring/member_view.cc.

XXH3 comes from libxxhash, which every Debian machine has because apt needs it.
"""
import ctypes
import struct

_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxh3 = _xxhash.XXH3_64bits
_xxh3.restype = ctypes.c_uint64
_xxh3.argtypes = (ctypes.c_char_p, ctypes.c_size_t)


def hash_of(data):
    """XXH3_64 of `data` (bytes), as an unsigned number."""
    return _xxh3(data, len(data))


def fingerprint_of(sorted_names, placement):
    """The fingerprint as an i64, as in the field `view` of replies."""
    text = "\n".join([placement, *sorted_names]).encode()
    return struct.unpack("q", struct.pack("Q", hash_of(text)))[0]
