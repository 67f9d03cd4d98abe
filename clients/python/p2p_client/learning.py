"""Which nodes does a client ask for the members, and in which order? Used by the plain and the asyncio client."""
import random

from p2p_client.codec import Request
from p2p_client.gen.locator import Locator
from p2p_client.outcome import Answered, Foreign
from p2p_client.view import address_of, name_of

# How long one node may take to answer before the next one is asked.
LEARN_SECONDS_MAX = 0.5

# The part of its time that a call spends on learning, if there is a view that it could use, and on probing.
LEARN_SHARE = 0.25


def brief_end(now, deadline):
    """The deadline of a request that is made on behalf of a call with the deadline `deadline`."""
    return now + min(LEARN_SECONDS_MAX, LEARN_SHARE * (deadline - now))


def checked_seeds(seeds):
    """"host:port" of every seed, given one by one or in lists; ValueError for anything else."""
    names = []
    for seed in seeds:
        names += [seed] if isinstance(seed, str) else list(seed)
    if not names:
        raise ValueError("a client needs at least one node's address, such as 127.0.0.1:9900")
    for name in names:
        address_of(name)
    return tuple(names)


def candidates(views, seeds):
    """The nodes in the order in which they are to be asked, each once: the one that contradicted the view, members,
    seeds; last those that have not answered lately."""
    first = views.whom_to_ask()
    members = list(views.current.members) if views.current is not None else []
    random.shuffle(members)
    everybody = dict.fromkeys([*([first] if first else []), *members, *seeds])
    silent = set(views.silent)
    return sorted(everybody, key=lambda node: node in silent)  # stable


def members_request(service):
    return Request(service, Locator.Client, "get_all", ())


def names_in(views, node, outcome, now):
    """The members in the reply of `node` to a members_request; empty if there is no reply."""
    if isinstance(outcome, Foreign):
        views.is_none_of_ours(node, now)
    if not isinstance(outcome, Answered):
        return []
    views.answers(node)
    return [name_of(location.address, location.port) for location in outcome.value]
