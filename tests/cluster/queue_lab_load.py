"""A load command for `p2pctl lab`, of the example plugin `queue`: pushes and pops with tickets until its input ends; the exit code
says whether each item that was pushed was popped exactly once, whatever was done to the nodes meanwhile."""
import collections
import itertools
import os
import sys

from harness import address
from queue_test import QueueLoad

Place = collections.namedtuple("Place", "port")


def main():
    names = map(address.split_name, os.environ["P2P_LAB_NODES"].split(","))
    nodes = [Place(address.PortAt(host, port)) for host, port in names]
    with QueueLoad(nodes, has_tickets=True) as load:
        sys.stdin.read()  # until nothing more is done to the nodes
        load.finish()
    popped = collections.Counter(itertools.chain(*load.popped))
    pushed = collections.Counter(load.pushed)
    is_right = popped == pushed and pushed and not load.errors
    print(f"{len(pushed)} items, {load.repeated} calls repeated, {len(popped - pushed)} too many, {len(pushed - popped)} gone, "
          f"{load.errors}", flush=True)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
