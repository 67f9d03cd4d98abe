"""Whatever a handler does, it costs one error reply: in every kind of service, and in every form of client."""
import contextlib
import itertools
import struct
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.raw import RawConnection, Request
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from kinds import Kinds
from kinds.ttypes import Refusal

KINDS = ("pool", "inline", "cob", "typed")
# Kinds whose answer is given by a call of its own, which can be left out, doubled, or come from elsewhere.
ASYNCHRONOUS = ("cob", "typed")

CONFIG = """\
[host]
default_service = ["pool"]
call_timeout = "500ms"
worker_threads = 2
""" + "".join(f'[services.{kind}]\nplugin = "kinds"\n[services.{kind}.config]\nkind = "{kind}"\n' for kind in KINDS)

# Well over call_timeout.
LATE_MS = 800


def request(kind, method, oneway=False, **arguments):
    return Request(Kinds, method, service=kind, oneway=oneway, **arguments)


class HandlerKindsTest(ClusterTest):
    def setUp(self):
        super().setUp()
        config = self.temporary_folder() / "kinds.toml"
        config.write_text(CONFIG)
        self.served = self.node("--plugin-dir", settings.TEST_PLUGINS, config=config).start()

    def each(self, check, kinds=KINDS, forms=client.FORMS):
        """`check(kind, connection)` for each kind and form; afterwards that connection and the service still answer."""
        for kind, form in itertools.product(kinds, forms):
            with self.subTest(kind=kind, form=form), RawConnection(self.served.port, form) as connection:
                check(kind, connection)
                echo = connection.call(request(kind, "echo", text="still here"), sequence=4711)
                self.assertEqual(echo.success, "still here")

    def assert_fails(self, connection, asked, text):
        connection.send(asked.encode(connection.form, 17))
        with self.assertRaises(TApplicationException) as caught:
            connection.reply(asked)
        # Generated synchronous processors answer what is derived from std::exception themselves, as UNKNOWN.
        self.assertIn(caught.exception.type, (TApplicationException.INTERNAL_ERROR, TApplicationException.UNKNOWN))
        self.assertEqual(caught.exception.sequence, 17)
        self.assertIn(text, caught.exception.message)

    def test_every_kind_answers(self):
        def check(kind, connection):
            self.assertEqual(connection.call(request(kind, "echo", text="ü and more")).success, "ü and more")
            self.assertEqual(connection.call(request(kind, "answer_elsewhere", text="x")).success, "x")

        self.each(check)

    def test_an_exception_costs_one_error_reply(self):
        def check(kind, connection):
            self.assert_fails(connection, request(kind, "throw_error", text="out of luck"), "out of luck")

        self.each(check)

    def test_the_text_of_an_exception_does_not_make_a_call_unexecuted(self):
        def check(kind, connection):
            for prefix in ("p2p:not-executed: ", "p2p:overloaded: ", "p2p:unknown-outcome: "):
                asked = request(kind, "throw_error", text=prefix + "of a call elsewhere")
                connection.send(asked.encode(connection.form, 17))
                with self.assertRaises(TApplicationException) as caught:
                    connection.reply(asked)
                is_said_by_host = caught.exception.type == TApplicationException.INTERNAL_ERROR
                self.assertFalse(is_said_by_host and caught.exception.message.startswith("p2p:"), caught.exception)
                self.assertIn(prefix + "of a call elsewhere", caught.exception.message)

        self.each(check)

    def test_arguments_that_cannot_be_read_are_a_protocol_error(self):
        def check(kind, connection):
            message = request(kind, "echo", text="cut off").encode(client.Form(False, connection.form.encoding), 17)[:-3]
            connection.send(struct.pack("!i", len(message)) + message)
            with self.assertRaises(TApplicationException) as caught:
                connection.reply(request(kind, "echo"))
            self.assertEqual(caught.exception.type, TApplicationException.PROTOCOL_ERROR)

        # Who sends no frames has not sent the rest yet.
        self.each(check, forms=[form for form in client.FORMS if form.framed])

    def test_a_call_that_waits_for_a_thread_until_its_deadline_was_not_executed(self):
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(RawConnection(self.served.port, client.CLASSIC)) for _ in range(3)]
            sleep = request("pool", "answer_late", text="slept", milliseconds=int(4_000 * settings.PATIENCE))
            for connection in connections[:2]:
                connection.send(sleep.encode(client.CLASSIC))
            wait_until("both threads sleep", lambda: self.served.service("pool").in_flight >= 2)
            self.assert_fails(connections[2], request("pool", "echo", text="x"), "p2p:not-executed: ")

    def test_an_exception_of_a_strange_type_costs_one_error_reply(self):
        def check(kind, connection):
            self.assert_fails(connection, request(kind, "throw_number"), "exception")

        self.each(check)

    def test_an_exception_that_the_interface_declares_reaches_the_client_as_what_it_is(self):
        def check(kind, connection):
            answered = connection.call(request(kind, "throw_declared", text="no luck"), sequence=17)
            self.assertIsNone(answered.success)
            self.assertEqual(answered.refusal, Refusal(why="no luck"))
            with client.connect(self.served.port, Kinds, kind, connection.form) as typed:
                with self.assertRaises(Refusal) as caught:
                    typed.throw_declared("none again")
                self.assertEqual(caught.exception.why, "none again")

        self.each(check)

    def test_an_exception_from_a_oneway_call_costs_nothing(self):
        def check(kind, connection):
            connection.send(request(kind, "throw_oneway", oneway=True, text="unheard").encode(connection.form))

        self.each(check)

    def test_a_forgotten_answer_is_an_error_reply(self):
        def check(kind, connection):
            self.assert_fails(connection, request(kind, "forget"), "without an answer")

        self.each(check, ASYNCHRONOUS)

    def test_a_second_answer_is_dropped(self):
        def check(kind, connection):
            for sequence in range(5):
                answer = connection.call(request(kind, "answer_twice", text=f"once {sequence}"), sequence)
                self.assertEqual(answer.success, f"once {sequence}")

        self.each(check, ("cob",))

    def test_an_answer_after_call_timeout_is_an_error_reply_and_the_late_one_is_dropped(self):
        def check(kind, connection):
            late = request(kind, "answer_late", text="late", milliseconds=LATE_MS)
            self.assert_fails(connection, late, "call_timeout")
            # The next reply on this connection is that of the next request, whenever the late answer comes.

        self.each(check, ("pool", *ASYNCHRONOUS))

    def test_answers_from_other_threads_leave_in_the_order_of_the_requests(self):
        def check(kind, connection):
            requests = [request(kind, "answer_late", text=str(number), milliseconds=number % 3 * 5)
                        for number in range(30)]
            connection.send(b"".join(asked.encode(connection.form, n) for n, asked in enumerate(requests)))
            for number, asked in enumerate(requests):
                sequence, answer = connection.reply(asked)
                self.assertEqual((sequence, answer.success), (number, str(number)))

        self.each(check, ASYNCHRONOUS)

    def test_requests_of_one_connection_start_in_their_order(self):
        def check(kind, connection):
            before = connection.call(request(kind, "notes")).success
            notes = [f"{connection.form} {number}" for number in range(100)]
            requests = [request(kind, "note", oneway=True, text=note) for note in notes]
            connection.send(b"".join(note.encode(connection.form) for note in requests))
            self.assertEqual(connection.call(request(kind, "notes")).success, before + notes)

        self.each(check)

    def test_blocked_pool_threads_delay_no_service_of_another_kind(self):
        port = self.served.port
        with RawConnection(port, client.CLASSIC) as first, RawConnection(port, client.CLASSIC) as second:
            sleep = request("pool", "answer_late", text="slept", milliseconds=200)
            for connection in (first, second):
                connection.send(sleep.encode(client.CLASSIC))
            for kind in ("inline", "cob", "typed"):
                self.assertEqual(client.call(self.served.port, "echo", kind, interface=Kinds, service=kind), kind)
            for connection in (first, second):
                self.assertEqual(connection.reply(sleep)[1].success, "slept")

    def test_an_interface_served_four_times_is_no_alias_but_the_default_answers(self):
        with self.assertRaises(TApplicationException) as caught:
            client.call(self.served.port, "echo", "x", interface=Kinds, service="Kinds")
        self.assertTrue(caught.exception.message.startswith("p2p:unknown:"))
        self.assertEqual(client.call(self.served.port, "echo", "x", interface=Kinds), "x")


if __name__ == "__main__":
    unittest.main()
