"""How do thousands of tasks wait for the same thing? At a cost that does not depend on their number: asyncio's own Event,
shield and wait search all waiters for each one that is cancelled."""
import asyncio
import collections
import math
import time


# Of the tasks that wait for a SharedTask, at most this many are woken in one turn of the loop: otherwise their work would
# delay the replies that others wait for.
WOKEN_PER_TURN_MAX = 32

# A loop that is busy with thousands of tasks learns late of what happened in time. Connecting and sending a request take about
# a dozen turns of the loop; this many are granted after the time-out, however long they take.
GRACE_TURNS = 24


async def is_done_in_time(task, seconds):
    """Whether `task` is done after `seconds`, plus the turns of the loop that a busy loop needs to notice it."""
    await asyncio.wait([task], timeout=max(0, seconds))
    for _ in range(GRACE_TURNS):
        if task.done():
            break
        await asyncio.sleep(0)
    return task.done()


class WaitQueue:
    """Waiting tasks, first in, first out. Of one event loop."""

    def __init__(self):
        self._waiting = collections.OrderedDict()  # future -> None

    def __len__(self):
        return len(self._waiting)

    async def wait(self):
        """Returns when wake() reaches this task."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None
        try:
            await waiter
        finally:
            self._waiting.pop(waiter, None)

    def wake(self, count):
        """Wakes the `count` tasks that have waited longest."""
        while count > 0 and self._waiting:
            waiter, _ = self._waiting.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None)
                count -= 1


class SharedTask:
    """One task with any number of waiters. It ends by itself, by `ends_by` (time.monotonic) if that is known."""

    def __init__(self, work, ends_by=math.inf):
        self._waiting = WaitQueue()
        self._ends_by = ends_by
        self.task = asyncio.ensure_future(work)
        self.task.add_done_callback(self._wake)

    def _wake(self, _=None):
        self._waiting.wake(WOKEN_PER_TURN_MAX)
        if len(self._waiting):
            self.task.get_loop().call_soon(self._wake)

    async def wait(self, until=math.inf):
        """Waits until the task is done, or until `until`; returns whether it is done. Cancelling a waiter does not cancel the
        task."""
        if self.task.done():
            return True
        if until >= self._ends_by or until == math.inf:
            await self._waiting.wait()
            return True
        try:
            async with asyncio.timeout(until - time.monotonic()) as limit:
                await self._waiting.wait()
        except TimeoutError:
            if not limit.expired():
                raise
        return self.task.done()
