"""How does a test fill a store with many keys, and learn which of them are there?"""
from harness import client

from diststore import Store
from diststore.ttypes import Item, ReadOptions, WriteOptions

BATCH = 1_000


def numbered(count, value_bytes=100):
    """`count` keys with values that differ."""
    return {f"key-{number:06}": f"value-{number:06}".ljust(value_bytes, ".") for number in range(count)}


def write_all(node, items):
    with client.connect(node.port, Store, "diststore") as store:
        for part in _parts(items):
            store.write_many([Item(key=key.encode(), value=items[key].encode()) for key in part], WriteOptions())


def read_all(node, items):
    """Those of `items` that `node` finds, with what it finds."""
    found = {}
    with client.connect(node.port, Store, "diststore") as store:
        for part in _parts(items):
            results = store.read_many([key.encode() for key in part], ReadOptions())
            found.update({key: result.value.decode() for key, result in zip(part, results) if result.found})
    return found


def _parts(items):
    keys = list(items)
    return [keys[at:at + BATCH] for at in range(0, len(keys), BATCH)]
