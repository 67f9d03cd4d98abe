"""The Python client library against real nodes: straight to the owner, whatever happens to the ring."""
import asyncio
import json
import threading
import unittest

from harness import client as raw, settings
from harness.case import ClusterTest
from harness.seed_process import SeedProcess
from harness.single_writers import AsyncThread, Thread, Work
from harness.waiting import wait_until

from locator import Locator
from p2p_client import AsyncClient, Client, ClientError, Failed, Rejected, Unknown
from p2p_client.gen.diststore.ttypes import WriteOptions
from p2p_client.store import StoreRequest
from work import Work as WorkService
from work.ttypes import JobRefused

# Longer than a hand-over takes while the machine is loaded.
DRAIN = ("--set", "host.drain_timeout=60s")
PATIENT_SECONDS = 30 * settings.PATIENCE

# Long enough for a call to leave for a frozen node on a loaded machine: one that has not left has rightly failed.
FROZEN_SECONDS = 3 * settings.PATIENCE


def key_of(number):
    return b"key-%06d" % number


def names(nodes):
    return [node.name for node in nodes]


class PythonClientTest(ClusterTest):
    def client(self, nodes, **options):
        client = Client(*names(nodes), **{"deadline": PATIENT_SECONDS, **options})
        self.addCleanup(client.close)
        return client

    @staticmethod
    def forwarded(nodes):
        """What `p2pctl --json status` counts, over all nodes: calls that were passed on, by the host and by the
        store."""
        total = 0
        for node in nodes:
            status = json.loads(node.ctl("--json", "status").stdout)
            total += status["forwarded"]
            total += sum(service["gauges"].get("forwarded", 0) for service in status["services"])
        return total

    @staticmethod
    def calls(nodes):
        return sum(node.service("diststore").calls for node in nodes)


class SteadyTest(PythonClientTest):
    CALLS = 100_000

    def test_one_hundred_thousand_calls_are_never_passed_on(self):
        nodes = self.cluster(3)
        client = self.client(nodes[:1])
        sync, pipelined, tasks = self.CALLS // 10, self.CALLS // 2, self.CALLS * 4 // 10
        before = self.calls(nodes)
        for number in range(sync // 2):
            client.write(key_of(number), b"value")
            self.assertTrue(client.read(key_of(number)).found)
        for begin in range(0, pipelined, 5_000):
            pipeline = client.pipeline()
            for number in range(begin, begin + 2_500):
                pipeline.write(key_of(number), b"value").read(key_of(number + 2_500))
            self.assertEqual(len(pipeline.run()), 5_000)
        asyncio.run(self.run_tasks(names(nodes[1:2]), tasks))
        self.assertGreaterEqual(self.calls(nodes) - before, self.CALLS)
        self.assertEqual(self.forwarded(nodes), 0)
        # The counter does count: the same key through a node that does not own it.
        wrong = next(node for node in nodes if node.name != client.owner(b"a"))
        raw.read(wrong.port, b"a")
        self.assertGreater(self.forwarded(nodes), 0)

    @staticmethod
    async def run_tasks(seeds, calls, tasks=50):
        async with AsyncClient(*seeds, deadline=PATIENT_SECONDS) as client:
            async def run(task):
                for number in range(task, calls // 2, tasks):
                    await client.write(key_of(number), b"value")
                    assert (await client.read(key_of(number))).value == b"value"
            await asyncio.gather(*(run(task) for task in range(tasks)))

    def test_batches_are_split_by_owner_and_joined_in_order(self):
        nodes = self.cluster(3)
        client = self.client(nodes[:1])
        items = {key_of(number): b"value %d" % number for number in range(20_000)}
        self.assertEqual(len(client.write_many(items)), len(items))
        found = client.read_many([*items, b"missing"])
        self.assertEqual([result.value for result in found], [*items.values(), None])
        erased = client.erase_many([*list(items)[:10], b"missing"])
        self.assertEqual([result.found for result in erased], [True] * 10 + [False])
        self.assertEqual(self.forwarded(nodes), 0)
        self.assertEqual(sum(node.gauge("keys") for node in nodes), len(items) - 10)

    def test_a_batch_of_one_nodes_keys_asks_no_other_node(self):
        nodes = self.cluster(3)
        client = self.client(nodes)
        keys = [key for key in map(key_of, range(3_000)) if client.owner(key) == nodes[0].name]
        for other in nodes[1:]:
            other.freeze()
            self.addCleanup(other.thaw)
        client.write_many([(key, key) for key in keys])
        self.assertEqual([result.value for result in client.read_many(keys)], keys)

    def test_values_that_fill_several_replies_are_read_in_one_batch(self):
        nodes = self.cluster(3)
        client = self.client(nodes)
        items = {key_of(number): bytes([number]) * (1 << 20) for number in range(60)}
        client.write_many(items)
        self.assertEqual([result.value for result in client.read_many(list(items))], list(items.values()))

    def test_the_fingerprint_is_the_nodes_own(self):
        nodes = self.cluster(3)
        client = self.client(nodes)
        for node in nodes:
            result = client.read(next(key for key in map(key_of, range(10_000)) if client.owner(key) == node.name))
            self.assertEqual(result.view, node.status().view)
        self.assertEqual(client.members(), sorted(names(nodes)))
        self.assertEqual(client._views.current.fingerprint, nodes[0].status().view)

    def test_100_000_keys_have_the_owner_that_nodes_locate(self):
        nodes = self.cluster(5)
        client = self.client(nodes)
        keys = [f"{number:x}" for number in range(90_000)]
        keys += [f"{number:032x}" for number in range(9_900)]  # digests, which are not hashed again
        keys += ["", *(f"käse-{number}" for number in range(99))]
        located = []
        with raw.connect(nodes[2].port, Locator, "locator") as asked:
            for begin in range(0, len(keys), 50):  # so few that their answers fit any socket's buffer
                for key in keys[begin:begin + 50]:
                    asked.send_get_node(key)
                located += [raw.name_of(asked.recv_get_node()) for _ in keys[begin:begin + 50]]
        self.assertEqual(len(located), 100_000)
        self.assertEqual([client.owner(key) for key in keys], located)
        self.assertEqual(set(located), set(names(nodes)))


class ErrorsTest(PythonClientTest):
    def test_what_the_store_does_not_take_is_rejected_and_stores_nothing(self):
        client = self.client([self.lonely_node()])
        with self.assertRaises(Rejected):
            client.write(b"k", b"x" * (9 << 20))
        with self.assertRaises(Rejected):
            client.write(b"k" * (65 << 10), b"v")
        # A hand-over may have brought what a client could not have put: it can be asked for.
        for key in (b"k", b"k" * (65 << 10)):
            self.assertFalse(client.read(key).found)

    def test_a_batch_with_one_impossible_key_tells_what_became_of_each(self):
        client = self.client([self.lonely_node()])
        items = {b"a": b"1", b"k" * (65 << 10): b"2", b"b": b"3"}
        with self.assertRaises(ClientError) as caught:
            client.write_many(items)
        outcomes = caught.exception.outcomes
        self.assertIsInstance(outcomes[1], Rejected)
        for key, outcome in zip(items, outcomes):
            if isinstance(outcome, ClientError):
                self.assertIsInstance(outcome, Failed)
            else:
                self.assertTrue(client.read(key).found)

    def test_a_request_that_nodes_do_not_take_is_rejected_and_costs_no_other_call(self):
        limit = 32 << 10
        node = self.lonely_node("--set", "host.frame_bytes_max=64KiB", "--set", "services.diststore.config.key_bytes_max=1KiB",
                                "--set", "services.diststore.config.value_bytes_max=39KiB")
        client = self.client([node], request_bytes_max=limit)
        largest = b"x" * (limit + 4 - len(StoreRequest("diststore", "write", b"l", b"", WriteOptions()).encode(1)))
        pipeline = client.pipeline()
        for key, value in ((b"a", b"1"), (b"k", largest + b"x"), (b"l", largest), (b"b", b"2")):
            pipeline.write(key, value)
        self.assert_rejected(1, pipeline.run)
        self.assert_rejected(600, client.write_many, [*((key_of(number), b"v" * 999) for number in range(600)),
                                                      (b"m", largest + b"x"), (b"c", b"3")])
        asyncio.run(self.write_beside(node, limit, largest + b"x"))
        self.assertEqual([client.read(key).value for key in (b"a", b"b", b"c", b"d", b"k", b"l", b"m")],
                         [b"1", b"2", b"3", b"4", None, largest, None])

    def assert_rejected(self, index, method, *arguments):
        with self.assertRaises(Unknown) as caught:  # of those around it some were written
            method(*arguments)
        rejected = caught.exception.outcomes[index]
        self.assertIsInstance(rejected, Rejected)
        self.assertIn("request_bytes_max", rejected.cause)
        self.assertEqual([number for number, outcome in enumerate(caught.exception.outcomes)
                          if isinstance(outcome, ClientError)], [index])

    async def write_beside(self, node, limit, value):
        async with AsyncClient(node.name, deadline=PATIENT_SECONDS, request_bytes_max=limit) as client:
            outcomes = await asyncio.gather(*(client.write(b"d", b"4") for _ in range(9)), client.write(b"k", value),
                                            *(client.write(b"d", b"4") for _ in range(9)), return_exceptions=True)
        self.assertIsInstance(outcomes.pop(9), Rejected)
        self.assertEqual([outcome for outcome in outcomes if isinstance(outcome, Exception)], [])

    def test_a_service_that_no_node_has_is_rejected(self):
        client = self.client([self.lonely_node()], service="nonesuch")
        with self.assertRaises(Rejected) as caught:
            client.read(b"k")
        self.assertIn("p2p:unknown", caught.exception.cause)

    def test_where_nobody_serves_a_call_has_failed(self):
        node = self.lonely_node()
        node.kill()
        for method, arguments in (("read", (b"k",)), ("write", (b"k", b"v")), ("erase_many", ([b"k"],))):
            with self.assertRaises(Failed):
                getattr(self.client([node], deadline=0.2), method)(*arguments)

    def test_what_a_frozen_node_was_asked_is_unknown_when_it_changes_something(self):
        nodes = self.cluster(3)
        client = self.client(nodes)
        frozen = nodes[1]
        keys = [key for key in map(key_of, range(1_000)) if client.owner(key) == frozen.name]
        frozen.freeze()
        self.addCleanup(frozen.thaw)
        for method, arguments, error in (("read", (keys[0],), Failed), ("write", (keys[0], b"v"), Unknown),
                                         ("erase", (keys[0],), Unknown), ("write_many", ({keys[0]: b"v"},), Unknown),
                                         ("read_many", ([keys[0], b"other"],), Failed)):
            with self.subTest(method), self.assertRaises(error) as caught:
                getattr(client, method)(*arguments, deadline=FROZEN_SECONDS)
            self.assertRegex(caught.exception.cause, "deadline|in time")  # said by the client, or by a node it went through
        asyncio.run(self.ask_frozen(names(nodes), keys))

    async def ask_frozen(self, seeds, keys):
        async with AsyncClient(*seeds) as client:
            outcomes = await asyncio.gather(
                client.read(keys[0], deadline=FROZEN_SECONDS), client.write(keys[1], b"v", deadline=FROZEN_SECONDS),
                client.erase(keys[2], deadline=FROZEN_SECONDS), return_exceptions=True)
            self.assertEqual([type(outcome) for outcome in outcomes], [Failed, Unknown, Unknown])

    def test_closing_ends_calls_that_are_under_way(self):
        nodes = self.cluster(2)
        frozen = nodes[1]

        async def run():
            client = AsyncClient(*names(nodes), deadline=1e6)  # only the end of the client ends them
            owners = {await client.owner(key_of(number)): key_of(number) for number in range(1_000)}
            key = owners[frozen.name]
            await client.read(key)
            frozen.freeze()
            self.addCleanup(frozen.thaw)
            calls = [client.read(key), client.write(key, b"v"), client.erase(key)]
            calls = [asyncio.ensure_future(call) for call in calls]
            for _ in range(3):
                await asyncio.sleep(0)  # they begin, and leave together
            await client.close()
            return await asyncio.gather(*calls, return_exceptions=True)

        self.assertEqual([type(outcome) for outcome in asyncio.run(run())], [Failed, Unknown, Unknown])

    def test_a_client_that_was_closed_says_so(self):
        client = self.client([self.lonely_node()])
        client.write(b"k", b"v")
        client.close()
        self.assertRaises(Failed, client.read, b"k")


class ChangingTest(PythonClientTest):
    """Nodes come and go under load."""

    THREADS = 3
    TASKS = 8

    def test_joins_and_leaves_under_load_cost_no_error_and_no_acknowledged_write(self):
        nodes = self.cluster(3, *DRAIN)
        seeds = [nodes[0].name]  # which leaves, in the end
        is_over = threading.Event()
        works = [Work(f"w{number}", number) for number in range(self.THREADS + self.TASKS)]
        client = self.client(nodes[:1])
        threads = [Thread(client, work, is_over) for work in works[:self.THREADS]]
        threads.append(AsyncThread(seeds, works[self.THREADS:], is_over, deadline=PATIENT_SECONDS))
        for thread in threads:
            thread.start()
        try:
            for leaver in (nodes[2], nodes[1], nodes[0]):
                self.let_work(works)
                nodes.append(self.join_one(nodes, *DRAIN))
                self.let_work(works)
                leaver.leave()
                nodes.remove(leaver)
                self.wait_for_network(nodes)
            self.let_work(works)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        self.assertEqual([error for work in works for error in work.errors], [])
        # A node that leaves closes its connections; only what was on the wire just then has no answer.
        self.assertLessEqual(sum(work.unknown for work in works), len(works))
        fresh = self.client(nodes)
        for work in works:
            keys = list(work.held)
            self.assertEqual([result.value for result in fresh.read_many(keys)], list(work.held.values()))
        self.assertEqual(sum(node.gauge("keys") for node in nodes), sum(len(work.held) for work in works))

    def let_work(self, works, calls=100):
        before = [work.calls for work in works]
        wait_until("each worker works", lambda: all(
            work.errors or work.calls - begun >= calls for work, begun in zip(works, before)), 60)

    def test_a_stale_view_costs_one_call_that_is_passed_on(self):
        nodes = self.cluster(2)
        client = self.client(nodes)
        client.read(b"a")
        nodes.append(self.join_one(nodes))
        self.wait_for_quiet(nodes)
        before = client.members()
        moved = [key for key in map(key_of, range(5_000)) if self.locate(nodes[0], key) == nodes[2].name]
        stale = client._views.current
        self.assertEqual(len(before), 2 if stale.owner_of(moved[0]) != nodes[2].name else 3)
        for key in moved[:200]:
            self.assertFalse(client.read(key).found)
        self.assertIn(self.forwarded(nodes), (0, 2))  # at most one call, which both counters count
        self.assertEqual(len(client.members()), 3)

    @staticmethod
    def locate(node, key):
        return raw.owner(node.port, key.decode())


class KilledTest(PythonClientTest):
    def test_kill_9_costs_no_call_more_than_its_deadline_and_keys_are_served_again(self):
        nodes = self.cluster(3)
        client = self.client(nodes)
        keys = list(map(key_of, range(300)))
        client.write_many([(key, b"before") for key in keys])
        dead = nodes[1]
        survivors = [node for node in nodes if node is not dead]
        lost = {key for key in keys if client.owner(key) == dead.name}
        is_over = threading.Event()
        outcomes = []

        def load(seed):
            for round_ in range(10_000):
                for key in keys[seed::4]:
                    if is_over.is_set():
                        return
                    method = ("read", "write", "erase")[(round_ + int(key[-6:])) % 3]
                    arguments = (key, b"after") if method == "write" else (key,)
                    try:
                        getattr(client, method)(*arguments, deadline=PATIENT_SECONDS)
                        outcomes.append((key, method, None))
                    except Exception as failure:  # compared below
                        outcomes.append((key, method, failure))

        threads = [threading.Thread(target=load, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        try:
            wait_until("there is load", lambda: len(outcomes) > 300)
            dead.kill()
            begun = len(outcomes)
            self.wait_for_network(survivors)
            wait_until("the load goes on", lambda: len(outcomes) > begun + 600)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        # Reads find their way; only a change that was on the wire when the node died can have no result, and then nobody
        # calls it failed. None has waited until its deadline.
        for key, method, failure in outcomes:
            if failure is not None:
                self.assertNotEqual(method, "read", failure)
                self.assertEqual((type(failure), key in lost), (Unknown, True), failure)
                self.assertNotIn("deadline", failure.cause)
        self.assertEqual(client.members(), sorted(names(survivors)))
        for key in lost:
            client.write(key, b"again")
            self.assertEqual(client.read(key).value, b"again")

    def test_with_asyncio_too_every_call_has_a_result_or_a_typed_error(self):
        nodes = self.cluster(3)
        results = asyncio.run(self.kill_under_load(nodes[1], names(nodes)))
        for method, result in results:
            if isinstance(result, Exception):
                self.assertNotEqual(method, "read", result)
                self.assertIs(type(result), Unknown, result)
                self.assertNotIn("deadline", result.cause)

    @staticmethod
    async def kill_under_load(dead, seeds):
        async with AsyncClient(*seeds, deadline=PATIENT_SECONDS) as client:
            await client.write_many([(key_of(number), b"before") for number in range(300)])
            calls = []
            for round_ in range(20):
                for number in range(300):
                    method = ("read", "write", "erase")[(round_ + number) % 3]
                    arguments = (key_of(number), b"after") if method == "write" else (key_of(number),)
                    calls.append((method, asyncio.ensure_future(getattr(client, method)(*arguments))))
                await asyncio.sleep(0)  # they are on the way
                if round_ == 10:
                    dead.kill()
            results = await asyncio.gather(*(call for _, call in calls), return_exceptions=True)
            return [(method, result) for (method, _), result in zip(calls, results)]

    def test_a_seed_that_is_dead_is_passed_over(self):
        nodes = self.cluster(2)
        nodes[0].kill()
        self.wait_for_network(nodes[1:])
        client = self.client(nodes)
        client.write(b"k", b"v")
        self.assertEqual(client.members(), [nodes[1].name])


class SharedRingTest(PythonClientTest):
    def test_keys_of_a_node_of_the_2009_system_are_reached_through_ours(self):
        nodes = self.cluster(2)
        seed = SeedProcess()
        self._nodes.append(seed)
        seed.start(nodes[0])
        self.wait_for_network([*nodes, seed])
        client = self.client(nodes)
        keys = list(map(key_of, range(60)))
        self.assertIn(seed.name, map(client.owner, keys))
        for key in keys[:30]:
            client.write(key, b"value of " + key)
        client.write_many([(key, b"value of " + key) for key in keys[30:]])
        self.assertEqual([result.value for result in client.read_many(keys)], [b"value of " + key for key in keys])
        for key in keys[:30]:
            self.assertTrue(client.erase(key).found)
        asyncio.run(self.read_all(names(nodes), keys[30:]))

    async def read_all(self, seeds, keys):
        async with AsyncClient(*seeds, deadline=PATIENT_SECONDS) as client:
            results = await asyncio.gather(*map(client.read, keys))
        self.assertEqual([result.value for result in results], [b"value of " + key for key in keys])


class ServiceTest(PythonClientTest):
    """Any service, called at the owner of a key: here the example plugin `work`."""

    PLUGIN = ("--plugin-dir", settings.EXAMPLE_PLUGINS)
    PLACES = {"config": settings.EXAMPLES / "work" / "work.toml"}

    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3, *self.PLUGIN, **self.PLACES)

    def test_its_calls_go_to_the_owner(self):
        client = self.client(self.nodes[:1])
        work = client.service("work", WorkService.Client)
        for number in range(100):
            key = key_of(number)
            self.assertEqual(work.at(key).submit(f"job {number}", key, "count_words", b"one two"), b"2")
        self.assertEqual(self.forwarded(self.nodes), 0)

    def test_declared_exceptions_and_faults_are_told_apart(self):
        client = self.client(self.nodes)
        work = client.service("work", WorkService.Client, key="k")
        with self.assertRaises(JobRefused):
            work.submit("job", b"k", "nonesuch", b"")
        with self.assertRaises(AttributeError):
            work.nonesuch
        with self.assertRaises(Rejected):
            client.service("nonesuch", WorkService.Client, key="k").result("job", b"k")
        with self.assertRaises(Rejected):
            work.submit("job", 7, "count_words", b"")

    def test_it_works_with_asyncio(self):
        async def run():
            async with AsyncClient(*names(self.nodes)) as client:
                work = client.service("work", WorkService.Client, repeatable={"result"})
                keys = list(map(key_of, range(200)))
                answers = await asyncio.gather(*(work.at(key).submit("job", key, "count_words", key) for key in keys))
                self.assertEqual(answers, [b"1"] * len(keys))
                reports = await asyncio.gather(*(work.at(key).result("job", key) for key in keys))
                self.assertEqual([report.result for report in reports], answers)

        asyncio.run(run())
        self.assertEqual(self.forwarded(self.nodes), 0)

    def test_a_service_without_a_view_in_its_replies_follows_changes_too(self):
        client = self.client(self.nodes)
        work = client.service("work", WorkService.Client)
        work.at(b"k").submit("job", b"k", "count_words", b"")
        self.nodes.append(self.next_node(*self.PLUGIN, **self.PLACES).start())

        def knows():
            work.at(b"k").status("job", b"k")
            return len(client._views.current.members) == 4

        wait_until("the client knows the new node", knows)


if __name__ == "__main__":
    unittest.main()
