"""Thousands of calls of the asyncio client at once: each costs what one among few costs, ends by its deadline, and leaves
nothing behind."""
import asyncio
import os
import random
import sys
import unittest

from python_client_test import FROZEN_SECONDS, PATIENT_SECONDS, PythonClientTest, key_of, names

from p2p_client import AsyncClient, Failed

CALLS = int(os.environ.get("P2P_CALLS", "5000"))

# Of a burst against a small one: what each call takes, counted in calls of functions.
GROWTH_MAX = 1.5


class BurstTest(PythonClientTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)

    def fresh(self, deadline=PATIENT_SECONDS):
        return AsyncClient(*names(self.nodes), deadline=deadline)

    def questions(self):
        return sum(node.service("locator").calls for node in self.nodes)

    def test_a_burst_of_a_client_that_knows_nothing_yet_has_all_its_results(self):
        async def run():
            async with self.fresh() as client:
                await asyncio.gather(*(client.write(key_of(number), key_of(number)) for number in range(CALLS)))
                results = await asyncio.gather(*(client.read(key_of(number)) for number in range(CALLS)))
                return [result.value for result in results]

        calls, questions = self.calls(self.nodes), self.questions()
        self.assertEqual(asyncio.run(run()), [key_of(number) for number in range(CALLS)])
        self.assertEqual(self.calls(self.nodes) - calls, 2 * CALLS)
        # One for the members, and one to each node: not one for each call.
        self.assertLess(self.questions() - questions, 100)

    def test_each_call_of_a_burst_costs_what_it_costs_among_few(self):
        async def cost(count):
            made = 0

            def count_one(*_):
                nonlocal made
                made += 1

            async with self.fresh() as client:
                sys.setprofile(count_one)
                try:
                    await asyncio.gather(*(client.read(key_of(number)) for number in range(count)))
                finally:
                    sys.setprofile(None)
            return made / count

        few, many = asyncio.run(cost(250)), asyncio.run(cost(5_000))
        self.assertLess(many, GROWTH_MAX * few)

    def test_a_burst_for_a_frozen_node_ends_by_its_deadline_and_the_next_is_served(self):
        async def run():
            async with self.fresh() as client:
                keys = [key for key in map(key_of, range(3_000)) if await client.owner(key) == self.nodes[1].name]
                await client.read(keys[0])
                self.nodes[1].freeze()
                try:
                    frozen = await asyncio.gather(*(client.read(key, deadline=FROZEN_SECONDS) for key in keys),
                                                  return_exceptions=True)
                finally:
                    self.nodes[1].thaw()
                await asyncio.gather(*map(client.read, keys))
                return [type(outcome) for outcome in frozen]

        self.assertEqual(set(asyncio.run(run())), {Failed})

    def test_cancelled_calls_leave_nothing_behind(self):
        async def run():
            async with self.fresh() as client:
                chance = random.Random(7)
                for _ in range(20):
                    calls = [asyncio.ensure_future(client.read(key_of(number))) for number in range(1_000)]
                    for _ in range(chance.randrange(12)):
                        await asyncio.sleep(0)
                    for call in calls:
                        call.cancel()
                    await asyncio.gather(*calls, return_exceptions=True)
                    client._pool.keep_only(())  # those that are idle: the next round connects anew
                await asyncio.gather(*(client.read(key_of(number)) for number in range(1_000)))
                waiting = [len(shared.task.result()._waiting) for shared in client._pool._connections.values()]
                # Members are asked for in the background, at times.
                mine = {asyncio.current_task(), client._refreshing.task}
                return waiting, dict(client._probes), asyncio.all_tasks() - mine

        waiting, probes, tasks = asyncio.run(run())
        self.assertEqual((set(waiting), probes, tasks), ({0}, {}, set()))


if __name__ == "__main__":
    unittest.main()
