"""The plain client: any thread may call it, and each call blocks its own thread only."""
import time

from p2p_client.calls import Calls
from p2p_client.channel import Channel, Exchange, exchange_all
from p2p_client.errors import Failed
from p2p_client.framing import REQUEST_BYTES_MAX, Unframed
from p2p_client.learning import LEARN_SECONDS_MAX, LEARN_SHARE, brief_end, candidates, names_in
from p2p_client.outcome import Untaken, who_answered
from p2p_client.pool import CONNECTIONS_PER_NODE_MAX, Exhausted, Pool
from p2p_client.rounds import Learn, Pause, Probe, Rounds, Send
from p2p_client.seats import Seats

# How long a call may take that names no deadline: the host's own call_timeout.
DEADLINE_SECONDS = 5.0


class Client(Calls):
    """Calls a p2phost network, each key at its owner.

    `seeds` are "host:port" of nodes, as many as are known; one that answers is enough. Nothing is connected before the
    first call. `service` and `locator` are the services' names in the nodes' configuration. A call whose request has
    more than `request_bytes_max` is not sent and Rejected; it must be no more than the smallest [host] frame_bytes_max
    of the nodes, which close a connection that brings a larger one. May be used as a context. In a child process that is
    forked it works as a client of its own.
    """

    def __init__(self, *seeds, service="diststore", locator="locator", deadline=DEADLINE_SECONDS,
                 connections_per_node=CONNECTIONS_PER_NODE_MAX, request_bytes_max=REQUEST_BYTES_MAX):
        super().__init__(seeds, service, locator, deadline, request_bytes_max)
        self._pool = Pool(connections_per_node, request_bytes_max)
        self._learning = Seats(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Calls that are on the wire end as they would, and are not repeated; later ones are Failed."""
        self._is_closed = True
        self._pool.close()

    # --- obeying the rounds ---

    def _run(self, job, deadline):
        if self._is_closed:
            raise Failed("the client is closed")
        end = time.monotonic() + (self._seconds if deadline is None else deadline)
        rounds = Rounds(job, self._views, end, time.monotonic)
        steps = rounds.run()
        answer = None
        while True:
            try:
                effect = steps.send(answer)
            except StopIteration:
                return job.result()
            answer = None
            if isinstance(effect, Send):
                answer = self._send(effect.parts, end)
            elif isinstance(effect, Learn):
                self._learn(end)
            elif isinstance(effect, Probe):
                answer = self._question(effect.nodes, brief_end(time.monotonic(), end))
            elif isinstance(effect, Pause):
                if self._is_closed:
                    rounds.end_soon()
                else:
                    time.sleep(effect.seconds)

    def _send(self, parts, deadline):
        """The outcomes of all parts, by the deadline."""
        outcomes = [None] * len(parts)
        by_node = {}
        for token, part in enumerate(parts):
            by_node.setdefault(part.node, []).append((token, part.request))
        channels = []
        try:
            exchanges = []
            # In the order of names, so that threads which want several connections never wait for each other in a ring.
            for node in sorted(by_node):
                try:
                    channels.append(self._pool.take(node, deadline))
                except Exhausted as why:
                    for token, _ in by_node[node]:
                        outcomes[token] = Untaken(str(why))
                    continue
                exchanges.append(Exchange(channels[-1], by_node[node], outcomes))
            exchange_all(exchanges, deadline)
        finally:
            for channel in channels:
                self._pool.give_back(channel)
        return outcomes

    def _question(self, nodes, deadline):
        """What each of `nodes`, which may be none of ours, answers to the question for the members, by the deadline."""
        if self._is_closed:
            return [Untaken("the client is closed")] * len(nodes)
        outcomes = [None] * len(nodes)
        channels = [Channel(node, framing=Unframed()) for node in nodes]
        try:
            exchange_all([Exchange(channel, [(token, self._members_request)], outcomes)
                          for token, channel in enumerate(channels)], deadline)
        finally:
            for channel in channels:
                channel.close()
        return list(map(who_answered, outcomes))

    def _learn(self, deadline):
        """Asks for the members, unless another thread does: then waits for it only when there is no view at all."""
        seat = self._learning.take(deadline if self._views.current is None else time.monotonic())
        if seat is None:
            return
        try:
            if self._views.is_due(time.monotonic()):
                self._ask(deadline)
        finally:
            self._learning.leave(seat)

    def _ask(self, deadline):
        if self._views.current is not None:
            now = time.monotonic()
            deadline = now + LEARN_SHARE * (deadline - now)
        names = []
        for node in candidates(self._views, self._seeds):
            now = time.monotonic()
            if now >= deadline:
                break
            (outcome,) = self._question([node], min(deadline, now + LEARN_SECONDS_MAX))
            names = names_in(self._views, node, outcome, time.monotonic())
            if names:
                break
        if self._views.learnt(names, time.monotonic()):
            self._pool.keep_only({*names, *self._seeds})

    def _with_view(self, look, deadline):
        end = time.monotonic() + (self._seconds if deadline is None else deadline)
        if self._views.is_due(time.monotonic()):
            self._learn(end)
        if self._views.current is None:
            raise Failed("no node of the network has answered")
        return look(self._views.current)
