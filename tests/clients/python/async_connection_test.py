"""The asyncio connection against a real socket whose other end is scripted by the test."""
import asyncio
import socket
import unittest
import unittest.mock

from listener import Listener, free_name, full_listener, not_found, read_call
from p2p_client.async_connection import CALLS_IN_FLIGHT_MAX
from p2p_client.async_pool import AsyncPool
from p2p_client.framing import REQUEST_BYTES_MAX
from p2p_client.gen.diststore.ttypes import ReadOptions, WriteOptions
from p2p_client.outcome import Answered, Lost, NotExecuted, Oversized
from p2p_client.store import StoreRequest
from p2p_client.view import address_of


def read():
    return StoreRequest("diststore", "read", b"k", ReadOptions())


class AsyncConnectionTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.pool = AsyncPool()
        self.streams = []
        self.server = await asyncio.start_server(self.accepted, "127.0.0.1", 0)
        self.name = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        self.answers = asyncio.Event()  # whether calls are answered

    async def asyncTearDown(self):
        self.pool.close()
        self.server.close()
        for writer in self.streams:
            writer.close()
        await asyncio.sleep(0)

    async def accepted(self, reader, writer):
        self.streams.append(writer)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4), "big")
                message = await reader.readexactly(length)
                await self.answers.wait()
                writer.write(not_found(message))
        except (asyncio.IncompleteReadError, OSError):
            pass

    def connection(self, service="diststore"):
        return self.pool.connection(self.name, service)

    async def test_many_calls_are_in_flight_at_once(self):
        connection = await self.connection()
        calls = [connection.start(read()) for _ in range(100)]
        self.answers.set()
        outcomes = await asyncio.gather(*calls)
        self.assertEqual([type(outcome) for outcome in outcomes], [Answered] * 100)

    async def test_all_calls_of_one_service_share_a_connection(self):
        both = await asyncio.gather(self.connection(), self.connection())
        self.assertIs(*both)
        self.assertIs(await self.connection(), both[0])
        self.assertIsNot(await self.connection("counter"), both[0])

    async def test_other_addresses_are_tried_when_one_is_silent_or_refuses(self):
        with full_listener() as silent:
            places = [silent.getsockname(), address_of(free_name()), silent.getsockname(), address_of(self.name)]
            addresses = [socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0] for place in places]
            self.answers.set()
            with unittest.mock.patch("socket.getaddrinfo", return_value=addresses):
                connection = await self.pool.connection("node:1", "diststore")
            self.assertIsInstance(await connection.start(read()), Answered)

    async def test_a_cancelled_call_does_not_disturb_the_order_of_replies(self):
        connection = await self.connection()
        first, second = connection.start(read()), connection.start(read())
        first.cancel()
        self.answers.set()
        self.assertIsInstance(await second, Answered)
        self.assertTrue(connection.is_idle)

    async def test_a_request_that_is_too_large_does_not_affect_the_others(self):
        connection = await self.connection()
        large = StoreRequest("diststore", "write", b"k", b"x" * REQUEST_BYTES_MAX, WriteOptions())
        calls = [connection.start(request) for request in (read(), large, read())]
        self.answers.set()
        outcomes = await asyncio.gather(*calls)
        self.assertEqual([type(outcome) for outcome in outcomes], [Answered, Oversized, Answered])
        self.assertTrue(connection.is_open)

    async def test_calls_beyond_the_limit_wait_for_room(self):
        connection = await self.connection()
        calls = [connection.start(read()) for _ in range(CALLS_IN_FLIGHT_MAX)]
        self.assertFalse(connection.has_room)
        waiting = asyncio.ensure_future(connection.wait_for_room())
        await asyncio.sleep(0)
        self.assertFalse(waiting.done())
        self.answers.set()
        await waiting
        self.assertTrue(connection.has_room)
        await asyncio.gather(*calls)

    async def test_calls_on_a_broken_connection_are_lost_and_the_connection_is_replaced(self):
        connection = await self.connection()
        call = connection.start(read())
        while not self.streams:
            await asyncio.sleep(0)
        self.streams[0].transport.abort()
        self.assertIsInstance(await call, Lost)
        self.assertIsInstance(await connection.start(read()), NotExecuted)
        await asyncio.sleep(0)
        self.assertIsNot(await self.connection(), connection)

    async def test_replies_before_a_malformed_one_count_and_the_other_calls_are_lost(self):
        for wrong in (b"\0\0\0\3abc", b"\xff" * 4):
            with self.subTest(wrong), Listener() as listener:
                connection = await self.pool.connection(listener.name, "diststore")
                accepted = listener.accept()
                calls = [connection.start(read()) for _ in range(3)]
                messages = [await asyncio.to_thread(read_call, accepted) for _ in calls]
                accepted.sendall(not_found(messages[0]) + wrong)
                async with asyncio.timeout(60):  # the node does not close the connection
                    outcomes = await asyncio.gather(*calls)
                self.assertEqual([type(outcome) for outcome in outcomes], [Answered, Lost, Lost])
                self.assertFalse(connection.is_open)
                self.assertIsNot(await self.pool.connection(listener.name, "diststore"), connection)

    async def test_a_task_that_waits_for_room_is_woken_when_the_connection_breaks(self):
        connection = await self.connection()
        calls = [connection.start(read()) for _ in range(CALLS_IN_FLIGHT_MAX)]
        waiting = asyncio.ensure_future(connection.wait_for_room())
        await asyncio.sleep(0)
        connection.close("test")
        await waiting
        self.assertFalse(connection.is_open)
        await asyncio.gather(*calls)

    async def test_a_task_that_is_cancelled_just_after_it_was_woken_is_cancelled(self):
        connection = await self.connection()
        calls = [connection.start(read()) for _ in range(CALLS_IN_FLIGHT_MAX)]
        waiting = asyncio.ensure_future(connection.wait_for_room())
        await asyncio.sleep(0)
        connection.close("test")  # wakes all at the loop's next turn
        waiting.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await waiting
        await asyncio.gather(*calls)

    async def test_a_woken_task_that_is_cancelled_wakes_the_next(self):
        with Listener() as listener:
            connection = await self.pool.connection(listener.name, "diststore")
            accepted = listener.accept()
            calls = [connection.start(read()) for _ in range(CALLS_IN_FLIGHT_MAX)]
            replies = [not_found(await asyncio.to_thread(read_call, accepted)) for _ in calls]
            first = [asyncio.ensure_future(connection.wait_for_room()) for _ in calls]
            last = asyncio.ensure_future(connection.wait_for_room())
            await asyncio.sleep(0)
            connection.data_received(b"".join(replies))  # all at once, as the transport may deliver them
            for waiting in first:
                waiting.cancel()
            async with asyncio.timeout(60):  # no further reply will come
                await last
            self.assertTrue(all(waiting.cancelled() for waiting in first))

    async def test_a_woken_task_that_sends_nothing_wakes_the_next(self):
        with Listener() as listener:
            connection = await self.pool.connection(listener.name, "diststore")
            accepted = listener.accept()

            async def send(request):
                while not connection.has_room:
                    await connection.wait_for_room()
                return connection.start(request)

            calls = [connection.start(read()) for _ in range(CALLS_IN_FLIGHT_MAX)]
            replies = [not_found(await asyncio.to_thread(read_call, accepted)) for _ in calls]
            invalid = StoreRequest("diststore", "read", 7, ReadOptions())
            invalid_calls = [asyncio.ensure_future(send(invalid)) for _ in calls]
            last = asyncio.ensure_future(send(read()))
            await asyncio.sleep(0)
            connection.data_received(b"".join(replies))
            async with asyncio.timeout(60):
                await last
            for sent in invalid_calls:
                self.assertIsInstance(await sent.result(), NotExecuted)

    async def test_a_call_sent_after_the_node_has_closed_was_not_executed(self):
        with Listener() as listener:
            connection = await self.pool.connection(listener.name, "diststore")
            accepted = listener.accept()
            first = connection.start(read())
            await asyncio.sleep(0)  # it is sent at the loop's next turn
            accepted.sendall(not_found(read_call(accepted)))
            accepted.close()
            second = connection.start(read())  # before the loop has read the reply
            self.assertEqual([type(outcome) for outcome in await asyncio.gather(first, second)], [Answered, NotExecuted])

    async def test_connecting_fails_when_nobody_listens(self):
        name = free_name()
        for _ in range(2):
            with self.assertRaises(OSError):
                await self.pool.connection(name, "diststore")

    async def test_closing_the_pool_fails_tasks_that_connect_without_cancelling_them(self):
        with Listener() as listener:
            connecting = asyncio.ensure_future(self.pool.connection(listener.name, "diststore"))
            await asyncio.sleep(0)
            self.pool.close()
            with self.assertRaises(ConnectionError):
                await connecting


if __name__ == "__main__":
    unittest.main()
