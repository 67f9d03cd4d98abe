"""A process that uses the Python client forks: each process has connections of its own, and reads what it asked for."""
import asyncio
import concurrent.futures
import multiprocessing
import os
import threading
import traceback
import unittest

from python_client_test import PATIENT_SECONDS, PythonClientTest, key_of, names

from p2p_client import AsyncClient

CHILDREN = 8
READS = int(os.environ.get("P2P_READS", "300"))
KEYS = 100

# Children that are forked while other threads are in calls.
FORKS = 20


def value_of(key):
    return b"value of " + key


def read_all(client, count=READS):
    """Reads `count` times, and looks at every value."""
    for number in range(count):
        key = key_of(number % KEYS)
        value = client.read(key).value
        assert value == value_of(key), (key, value)
    return count


class Child:
    """A forked process that does `work`, and tells what it raised."""

    def __init__(self, work):
        reads, writes = os.pipe()
        self._pid = os.fork()
        if self._pid != 0:
            os.close(writes)
            self._words = open(reads)
            return
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # told to the parent
            os.write(writes, traceback.format_exc().encode())
        finally:
            os._exit(status)

    def words(self):
        """What it raised, "" when nothing; waits for its end."""
        with self._words:
            words = self._words.read()
        os.waitpid(self._pid, 0)
        return words


class ForkingTest(PythonClientTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.used = self.client(self.nodes)
        self.used.write_many([(key_of(number), value_of(key_of(number))) for number in range(KEYS)])

    def assert_well(self, children):
        self.assertEqual([words for words in [child.words() for child in children] if words], [])


class ForkTest(ForkingTest):
    def test_children_and_parent_read_what_they_asked_for(self):
        children = [Child(lambda: read_all(self.used)) for _ in range(CHILDREN)]
        read_all(self.used)
        self.assert_well(children)
        read_all(self.used)

    def test_a_child_of_a_child_has_connections_of_its_own_too(self):
        def work():
            read_all(self.used, 10)
            assert Child(lambda: read_all(self.used, 10)).words() == ""
            read_all(self.used, 10)

        self.assert_well([Child(work)])

    def test_it_may_fork_while_other_threads_are_in_calls(self):
        is_over = threading.Event()
        wrong = []

        def read_on():
            while not is_over.is_set():
                try:
                    read_all(self.used, 20)
                except BaseException as failure:  # compared below
                    wrong.append(failure)

        threads = [threading.Thread(target=read_on) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(FORKS):
                self.assert_well([Child(self.use_whole_pool)])
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])

    def use_whole_pool(self):
        """In a child: more threads than there may be connections, none of which the parent's calls have taken."""
        wrong = []

        def read():
            try:
                read_all(self.used, 5)
            except BaseException as failure:  # compared below
                wrong.append(failure)

        threads = [threading.Thread(target=read) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, wrong

    def test_closing_in_a_child_closes_nothing_of_the_parents(self):
        self.assert_well([Child(self.used.close)])
        read_all(self.used, 10)

    def test_a_fork_in_the_middle_of_a_call_leaves_the_reply_to_the_parent(self):
        """As out of a signal's handler: the child comes back into the call as well."""
        pool = self.used._pool
        channel = pool.take(self.nodes[0].name, 0)
        child = Child(lambda: pool.give_back(channel))
        self.assert_well([child])
        pool.give_back(channel)
        read_all(self.used, 10)

    def test_it_works_in_the_standard_librarys_pools(self):
        global shared
        shared = self.used
        context = multiprocessing.get_context("fork")
        with context.Pool(3) as pool:
            self.assertEqual(pool.map(read_shared, [READS] * 6), [READS] * 6)
        with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as pool:
            self.assertEqual(list(pool.map(read_shared, [READS] * 6)), [READS] * 6)
        read_all(self.used)


shared = None


def read_shared(count):
    return read_all(shared, count)


async def read_at_once(client, count=READS):
    for begin in range(0, count, KEYS):
        keys = [key_of(number) for number in range(KEYS)]
        values = [result.value for result in await asyncio.gather(*map(client.read, keys))]
        assert values == [value_of(key) for key in keys], (begin, values)


class AsyncForkTest(ForkingTest):
    """The same with asyncio, where a child has a loop of its own."""

    def test_children_and_parent_read_what_they_asked_for(self):
        async def run():
            async with AsyncClient(*names(self.nodes), deadline=PATIENT_SECONDS) as client:
                await read_at_once(client)
                children = [Child(lambda: asyncio.run(read_at_once(client))) for _ in range(CHILDREN)]
                await read_at_once(client)
                words = [await asyncio.to_thread(child.words) for child in children]
                await read_at_once(client)
                return [said for said in words if said]

        self.assertEqual(asyncio.run(run()), [])

    def test_it_may_fork_while_calls_are_under_way(self):
        async def run():
            async with AsyncClient(*names(self.nodes), deadline=PATIENT_SECONDS) as client:
                for _ in range(FORKS):
                    reading = asyncio.ensure_future(read_at_once(client))
                    await asyncio.sleep(0)  # some are on the way
                    await asyncio.sleep(0)
                    child = Child(lambda: asyncio.run(self.use_and_close(client)))
                    await reading
                    self.assertEqual(await asyncio.to_thread(child.words), "")

        asyncio.run(run())

    @staticmethod
    async def use_and_close(client):
        await read_at_once(client)
        await client.close()


if __name__ == "__main__":
    unittest.main()
