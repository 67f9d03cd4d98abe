"""The asyncio client: any number of calls at once from the tasks of one event loop, pipelined to each node."""
import asyncio
import time

from p2p_client.async_pool import AsyncPool
from p2p_client.async_waiting import SharedTask, is_done_in_time
from p2p_client.calls import Calls
from p2p_client.client import DEADLINE_SECONDS
from p2p_client.discovery import REFRESH_SECONDS_MAX, brief_end
from p2p_client.errors import Failed
from p2p_client.faults import TIMED_OUT
from p2p_client.forking import call_after_fork
from p2p_client.framing import REQUEST_BYTES_MAX
from p2p_client.interruption import is_from_signal_handler
from p2p_client.outcome import Lost, NotExecuted, outcome_of_probe
from p2p_client.rounds import Pause, Probe, Refresh, Rounds, Send


class AsyncClient(Calls):
    """The same as Client, with awaitable methods; `async with` closes it. It belongs to the event loop of its first call.

    A call ends when its task is cancelled; a change may be executed nevertheless.
    """

    def __init__(self, *seeds, service="diststore", locator="locator", deadline=DEADLINE_SECONDS,
                 request_bytes_max=REQUEST_BYTES_MAX):
        super().__init__(seeds, service, locator, deadline, request_bytes_max)
        self._pool = AsyncPool(request_bytes_max)
        self.after_fork()
        call_after_fork(self)

    def after_fork(self):
        """Running tasks belong to the parent's loop."""
        self._refreshing = None  # SharedTask: asks for the members
        self._probes = {}  # node -> SharedTask: probes it

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        """Calls in flight end as if their connection had broken; later ones are Failed."""
        self._is_closed = True
        self._pool.close()
        if self._refreshing is not None:
            await self._refreshing.wait()  # it ends, since the pool is closed
        await asyncio.sleep(0)  # lets the transports call connection_lost()

    # --- applying the effects of the rounds ---

    async def _run(self, job, deadline):
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
                answer = await self._send(effect.parts, end)
            elif isinstance(effect, Refresh):
                await self._refresh(end)
            elif isinstance(effect, Probe):
                until = brief_end(time.monotonic(), end)
                answer = await self._probe_all(effect.nodes, until)
            elif isinstance(effect, Pause):
                if self._is_closed:
                    rounds.end_soon()
                else:
                    await asyncio.sleep(effect.seconds)

    async def _send(self, parts, deadline):
        """The outcomes of all parts, by the deadline."""
        if len(parts) == 1:
            return [await self._send_one(parts[0], deadline)]
        return await asyncio.gather(*(self._send_one(part, deadline) for part in parts))

    async def _send_one(self, part, deadline):
        connection = started = None
        try:
            async with asyncio.timeout(deadline - time.monotonic()) as limit:
                connection = await self._pool.connection(part.node, part.request.service)
                while not connection.has_room and connection.is_open:
                    await connection.wait_for_room()
                started = connection.start(part.request)
                return await started
        except TimeoutError as failure:
            if not limit.expired():
                return self._not_connected(failure)
            why = "no answer before the deadline"
            if started is None:
                return NotExecuted(why)
            if started.done() and not started.cancelled():
                return started.result()  # it arrived while the loop was busy
            connection.note_timeout()
            return Lost(why, TIMED_OUT)
        except OSError as failure:
            return self._not_connected(failure)

    @staticmethod
    def _not_connected(failure):
        if is_from_signal_handler(failure):
            raise failure
        return NotExecuted(str(failure) or type(failure).__name__)

    async def _refresh(self, deadline):
        """Asks for the members in a separate task. If there is a view, the call continues with it at once."""
        if self._refreshing is None or self._refreshing.task.done():
            self._refreshing = SharedTask(self._fetch_members())
        if self._views.current is None:
            await self._refreshing.wait(deadline)

    async def _fetch_members(self):
        steps = self._discovery.refreshing(self._views, time.monotonic)
        outcome = None
        while True:
            try:
                node, request = steps.send(outcome)
            except StopIteration as end:
                told = end.value
                break
            outcome = await self._ask(node, request, time.monotonic() + REFRESH_SECONDS_MAX)
        if self._views.adopt(told, time.monotonic()):
            self._pool.keep_only({*told.nodes, *self._seeds})

    async def _probe_all(self, nodes, until):
        if len(nodes) == 1:
            return [await self._probe(nodes[0], until)]
        return await asyncio.gather(*(self._probe(node, until) for node in nodes))

    async def _probe(self, node, until):
        """Probes the node once for all calls that need it."""
        probe = self._probes.get(node)
        if probe is None:
            ends_by = time.monotonic() + REFRESH_SECONDS_MAX
            probe = self._probes[node] = SharedTask(self._ask(node, self._discovery.members_request, ends_by), ends_by)
            probe.task.add_done_callback(lambda _: self._probes.pop(node, None))
        return probe.task.result() if await probe.wait(until) else Lost("no answer in time", TIMED_OUT)

    async def _ask(self, node, request, until):
        """Sends the request to `node`, which may be of the 2009 system; returns the outcome."""
        connection = None

        async def ask():
            nonlocal connection
            connection = await self._pool.open_unframed(node)
            return outcome_of_probe(await connection.start(request))

        requesting = asyncio.ensure_future(ask())
        try:
            if await is_done_in_time(requesting, until - time.monotonic()):
                return requesting.result()
            if connection is None:
                return NotExecuted("the node does not answer the connection attempt")
            return Lost("no answer in time", TIMED_OUT)
        except OSError as failure:
            return self._not_connected(failure)
        finally:
            requesting.cancel()
            if connection is not None:
                connection.close()

    async def _with_view(self, query, deadline):
        end = time.monotonic() + (self._deadline_seconds if deadline is None else deadline)
        if self._views.is_refresh_due(time.monotonic()):
            await self._refresh(end)
        if self._views.current is None:
            raise Failed("no node of the network has answered")
        return query(self._views.current)
