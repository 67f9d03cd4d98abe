"""The plain client: any thread may call it, and each call blocks only its own thread."""
import time

from p2p_client.calls import Calls
from p2p_client.channel import Channel, Exchange, exchange_all
from p2p_client.discovery import REFRESH_SECONDS_MAX, REFRESH_SHARE, brief_end
from p2p_client.errors import Failed
from p2p_client.framing import REQUEST_BYTES_MAX, Unframed
from p2p_client.faults import TIMED_OUT
from p2p_client.outcome import Lost, NotExecuted, outcome_of_probe
from p2p_client.pool import CONNECTIONS_PER_NODE_MAX, Exhausted, Pool
from p2p_client.rounds import Pause, Probe, Refresh, Rounds, Send
from p2p_client.semaphore import Semaphore

# How long a call without a deadline may take: as long as the host's default call_timeout.
DEADLINE_SECONDS = 5.0


class Client(Calls):
    """Calls a p2phost network: each call goes to the owner of its key.

    `seeds` are the "host:port" of any number of nodes; one that answers is enough. Nothing is connected before the first
    call. `service` and `locator` are the services' names in the nodes' configuration. A call whose request is larger than
    `request_bytes_max` is Rejected without being sent. Set it no higher than the smallest [host] frame_bytes_max of the
    nodes: a node closes the connection on a larger message. Can be used in a `with` statement. In a forked child process
    it works as an independent client.
    """

    def __init__(self, *seeds, service="diststore", locator="locator", deadline=DEADLINE_SECONDS,
                 connections_per_node=CONNECTIONS_PER_NODE_MAX, request_bytes_max=REQUEST_BYTES_MAX):
        super().__init__(seeds, service, locator, deadline, request_bytes_max)
        self._pool = Pool(connections_per_node, request_bytes_max)
        self._refreshing = Semaphore(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Calls in flight still get their replies, but are not retried; later ones are Failed."""
        self._is_closed = True
        self._pool.close()

    # --- applying the effects of the rounds ---

    def _run(self, job, deadline):
        if self._is_closed:
            raise Failed("the client is closed")
        end = time.monotonic() + (self._deadline_seconds if deadline is None else deadline)
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
            elif isinstance(effect, Refresh):
                self._refresh(end)
            elif isinstance(effect, Probe):
                answer = self._ask(effect.nodes, self._discovery.members_request, brief_end(time.monotonic(), end))
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
            # In the order of names: otherwise threads that need several connections could deadlock.
            for node in sorted(by_node):
                try:
                    channels.append(self._pool.take(node, deadline))
                except Exhausted as why:
                    for token, _ in by_node[node]:
                        outcomes[token] = NotExecuted(str(why))
                    continue
                exchanges.append(Exchange(channels[-1], by_node[node], outcomes))
            exchange_all(exchanges, deadline)
        finally:
            for channel in channels:
                self._pool.give_back(channel)
        return outcomes

    def _ask(self, nodes, request, deadline):
        """Sends the request to `nodes`, which may be of the 2009 system; returns the outcomes, by the deadline."""
        if self._is_closed:
            return [NotExecuted("the client is closed")] * len(nodes)
        outcomes = [None] * len(nodes)
        channels = [Channel(node, framing=Unframed()) for node in nodes]
        try:
            exchange_all([Exchange(channel, [(token, request)], outcomes)
                          for token, channel in enumerate(channels)], deadline)
        finally:
            for channel in channels:
                channel.close()
        return list(map(outcome_of_probe, outcomes))

    def _refresh(self, deadline):
        """Asks for the members. If another thread is doing so, waits for it only when there is no view at all."""
        permit = self._refreshing.acquire(deadline if self._views.current is None else time.monotonic())
        if permit is None:
            return
        try:
            if self._views.is_refresh_due(time.monotonic()):
                self._fetch_members(deadline)
        finally:
            self._refreshing.release(permit)

    def _fetch_members(self, deadline):
        if self._views.current is not None:
            now = time.monotonic()
            deadline = now + REFRESH_SHARE * (deadline - now)
        steps = self._discovery.refreshing(self._views, time.monotonic)
        outcome = None
        while True:
            try:
                node, request = steps.send(outcome)
            except StopIteration as end:
                told = end.value
                break
            now = time.monotonic()
            if now < deadline:
                (outcome,) = self._ask([node], request, min(deadline, now + REFRESH_SECONDS_MAX))
            else:
                outcome = Lost("no time is left", TIMED_OUT)
        if self._views.adopt(told, time.monotonic()):
            self._pool.keep_only({*told.nodes, *self._seeds})

    def _with_view(self, query, deadline):
        end = time.monotonic() + (self._deadline_seconds if deadline is None else deadline)
        if self._views.is_refresh_due(time.monotonic()):
            self._refresh(end)
        if self._views.current is None:
            raise Failed("no node of the network has answered")
        return query(self._views.current)
