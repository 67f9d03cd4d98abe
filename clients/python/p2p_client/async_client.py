"""The asyncio client: any number of calls at once from the tasks of one event loop, pipelined to each node."""
import asyncio
import time

from p2p_client.async_gate import Shared, is_done_in_time
from p2p_client.async_pool import AsyncPool
from p2p_client.calls import Calls
from p2p_client.client import DEADLINE_SECONDS
from p2p_client.errors import Failed
from p2p_client.faults import TIMED_OUT
from p2p_client.forking import start_anew_in_children
from p2p_client.framing import REQUEST_BYTES_MAX
from p2p_client.interruption import is_foreign
from p2p_client.learning import LEARN_SECONDS_MAX, brief_end, candidates, names_in
from p2p_client.outcome import Lost, Untaken, who_answered
from p2p_client.rounds import Learn, Pause, Probe, Rounds, Send


class AsyncClient(Calls):
    """What Client is, with methods to be awaited; `async with` closes it. It belongs to the event loop of its first
    call.

    A call whose task is cancelled is given up: a change may have happened all the same.
    """

    def __init__(self, *seeds, service="diststore", locator="locator", deadline=DEADLINE_SECONDS,
                 request_bytes_max=REQUEST_BYTES_MAX):
        super().__init__(seeds, service, locator, deadline, request_bytes_max)
        self._pool = AsyncPool(request_bytes_max)
        self.forked()
        start_anew_in_children(self)

    def forked(self):
        """What is under way is under way in the parent's loop."""
        self._learning = None  # Shared: asks for the members
        self._probes = {}  # node -> Shared: asks it a harmless question

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        """Calls that are under way end as calls do whose connection breaks; later ones are Failed."""
        self._is_closed = True
        self._pool.close()
        if self._learning is not None:
            await self._learning.wait()  # it finds the pool closed
        await asyncio.sleep(0)  # lets the transports say that they have ended

    # --- obeying the rounds ---

    async def _run(self, job, deadline):
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
                answer = await self._send(effect.parts, end)
            elif isinstance(effect, Learn):
                await self._learn(end)
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
                    await connection.room()
                started = connection.start(part.request)
                return await started
        except TimeoutError as failure:
            if not limit.expired():
                return self._not_connected(failure)
            why = "no answer before the deadline"
            if started is None:
                return Untaken(why)
            if started.done() and not started.cancelled():
                return started.result()  # it came while the loop was busy with others
            connection.complain()
            return Lost(why, TIMED_OUT)
        except OSError as failure:
            return self._not_connected(failure)

    @staticmethod
    def _not_connected(failure):
        if is_foreign(failure):
            raise failure
        return Untaken(str(failure) or type(failure).__name__)

    async def _learn(self, deadline):
        """Asks for the members in a task of its own. Who has a view goes on with it: learning delays no call."""
        if self._learning is None or self._learning.task.done():
            self._learning = Shared(self._ask())
        if self._views.current is None:
            await self._learning.wait(deadline)

    async def _ask(self):
        names = []
        for node in candidates(self._views, self._seeds):
            outcome = await self._ask_one(node, time.monotonic() + LEARN_SECONDS_MAX)
            names = names_in(self._views, node, outcome, time.monotonic())
            if names:
                break
        if self._views.learnt(names, time.monotonic()):
            self._pool.keep_only({*names, *self._seeds})

    async def _probe_all(self, nodes, until):
        if len(nodes) == 1:
            return [await self._probe(nodes[0], until)]
        return await asyncio.gather(*(self._probe(node, until) for node in nodes))

    async def _probe(self, node, until):
        """Asks once for all calls that want to know."""
        probe = self._probes.get(node)
        if probe is None:
            ends_by = time.monotonic() + LEARN_SECONDS_MAX
            probe = self._probes[node] = Shared(self._ask_one(node, ends_by), ends_by)
            probe.task.add_done_callback(lambda _: self._probes.pop(node, None))
        return probe.task.result() if await probe.wait(until) else Lost("no answer in time", TIMED_OUT)

    async def _ask_one(self, node, until):
        """What `node`, which may be none of ours, answers to the question for the members."""
        connection = None

        async def ask():
            nonlocal connection
            connection = await self._pool.unframed(node)
            return who_answered(await connection.start(self._members_request))

        asking = asyncio.ensure_future(ask())
        try:
            if await is_done_in_time(asking, until - time.monotonic()):
                return asking.result()
            if connection is None:
                return Untaken("the node does not answer the connect")
            return Lost("no answer in time", TIMED_OUT)
        except OSError as failure:
            return self._not_connected(failure)
        finally:
            asking.cancel()
            if connection is not None:
                connection.close()

    async def _with_view(self, look, deadline):
        end = time.monotonic() + (self._seconds if deadline is None else deadline)
        if self._views.is_due(time.monotonic()):
            await self._learn(end)
        if self._views.current is None:
            raise Failed("no node of the network has answered")
        return look(self._views.current)
