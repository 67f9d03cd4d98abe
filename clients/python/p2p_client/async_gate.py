"""How do thousands of tasks wait for the same thing? Each at the same cost, wherever in the line it stands and however it
leaves: asyncio's own events, shields and waits look through the whole line for one that gives up."""
import asyncio
import collections
import math
import time


# Of those who waited for a piece of work, so many go on in one turn of the loop: what they do must not keep it from the
# answers that others wait for.
TURN_TASKS_MAX = 32

# A loop that is busy with thousands of tasks hears late what came in time: connecting, and asking, takes about a dozen of
# its turns, which are granted however long they take.
LATE_TURNS = 24


async def is_done_in_time(task, seconds):
    """Whether `task` is done after so long, as far as the loop has had the chance to hear of it."""
    await asyncio.wait([task], timeout=max(0, seconds))
    for _ in range(LATE_TURNS):
        if task.done():
            break
        await asyncio.sleep(0)
    return task.done()


class Gate:
    """Tasks in the order in which they came. Of one event loop."""

    def __init__(self):
        self._waiting = collections.OrderedDict()  # future -> None

    def __len__(self):
        return len(self._waiting)

    async def wait(self):
        """Returns when this task is let in."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None
        try:
            await waiter
        finally:
            self._waiting.pop(waiter, None)

    def let_in(self, count):
        """The first `count` of those that wait."""
        while count > 0 and self._waiting:
            waiter, _ = self._waiting.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None)
                count -= 1


class Shared:
    """One piece of work, done in a task of its own, for all who wait for it. It ends by itself, by `ends_by`
    (time.monotonic) if that is known."""

    def __init__(self, work, ends_by=math.inf):
        self._gate = Gate()
        self._ends_by = ends_by
        self.task = asyncio.ensure_future(work)
        self.task.add_done_callback(self._let_in)

    def _let_in(self, _=None):
        self._gate.let_in(TURN_TASKS_MAX)
        if len(self._gate):
            self.task.get_loop().call_soon(self._let_in)

    async def wait(self, until=math.inf):
        """Whether it is done; by `until` at the latest. Who is cancelled ends the work for nobody else."""
        if self.task.done():
            return True
        if until >= self._ends_by or until == math.inf:
            await self._gate.wait()
            return True
        try:
            async with asyncio.timeout(until - time.monotonic()) as limit:
                await self._gate.wait()
        except TimeoutError:
            if not limit.expired():
                raise
        return self.task.done()
