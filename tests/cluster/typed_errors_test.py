"""What do the client libraries make of it when a node says that it could not pass a call on? What was surely not executed
is tried again, unless that is in vain; what may have been is tried again only where it does no harm."""
import json
import subprocess
import threading
import unittest

from harness import client_probe, settings
from harness.waiting import wait_until
from p2p_client import Client, Rejected, Unknown
from route_test import BAD_KEY, NO_KEY, NOT_EXECUTED, UNKNOWN_OUTCOME, UNROUTABLE, RouteTest, counter

from counter import Counter

# How long a node tries to pass a call on before it says that it could not.
NODE_SECONDS = 1

# More than any wait of these tests: a call that is over before was ended by an answer.
ENDLESS_SECONDS = 300 * settings.PATIENCE


class OddCounter(Counter.Client):
    """Sends what generated code does not."""

    def send_value(self, arguments):
        self._oprot.writeMessageBegin("value", 1, self._seqid)
        arguments.write(self._oprot)
        self._oprot.writeMessageEnd()
        self._oprot.trans.flush()


class TypedErrorsTest(RouteTest):
    """Each call is sent to `asked`, in the name of a key that this node owns, and is meant for `owner`."""

    def setUp(self):
        super().setUp()
        self.asked, self.owner, self.third = self.nodes = self.counters(
            3, *settings.patient(f"host.call_timeout={NODE_SECONDS}s"), "--set", "host.io_threads=1")
        self.key = self.keys_of(self.asked, 1)[0]
        self.name = self.keys_of(self.owner, 1)[0]
        # Opens the connection to the owner: what waits for that has surely not been executed.
        self.assertEqual(counter(self.asked, "value", self.name), 0)

    def switch(self, verb):
        ended = self.owner.ctl(verb, "counter")
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def wait_for_refusal(self):
        """Until `asked` has answered a call with one of its typed errors, which it logs."""
        wait_until("a call could not be passed on", lambda: "could not be passed on" in self.asked.log(), 30)


class CppTest(TypedErrorsTest):
    def ask(self, method, *flags):
        return client_probe.run(self.asked, "ask", method, self.name, self.key, int(ENDLESS_SECONDS * 1_000), *flags)

    def begin(self, method):
        """The same, while the test goes on: end() is what it has told."""
        probe = subprocess.Popen(
            [str(client_probe.PROGRAM), f"--seed={self.asked.name}", "ask", method, self.name, self.key,
             str(int(ENDLESS_SECONDS * 1_000))], stdout=subprocess.PIPE, text=True)

        def close():
            if probe.poll() is None:
                probe.kill()
            probe.communicate()

        self.addCleanup(close)
        return lambda: json.loads(probe.communicate(timeout=ENDLESS_SECONDS)[0])

    def test_what_no_node_executes_is_refused_at_once(self):
        told = client_probe.run(self.asked, "vain")["refusals"]
        for refusal, prefix, kind in zip(told, (NO_KEY, BAD_KEY, UNROUTABLE), ("invalid", "invalid", "not found"),
                                         strict=True):
            self.assertIn(prefix, refusal["failure"])
            self.assertEqual((refusal["effect"], refusal["kind"], refusal["retries"]), ("none", kind, 0), refusal)

    def test_what_could_not_be_passed_on_was_not_executed(self):
        self.switch("disable")
        told = self.ask("increment", "--once")
        self.assertIn(NOT_EXECUTED, told["failure"])
        self.assertEqual((told["effect"], told["kind"]), ("none", "unreachable"), told)
        self.switch("enable")
        self.assertEqual(counter(self.owner, "value", self.name), 0)

    def test_and_is_tried_again_until_it_is(self):
        self.switch("disable")
        end = self.begin("increment")
        self.wait_for_refusal()
        self.switch("enable")
        told = end()
        self.assertEqual(told.get("value"), 1, told)
        self.assertGreaterEqual(told["retries"], 1)

    def test_what_the_node_lost_sight_of_is_unknown_and_not_repeated(self):
        self.owner.freeze()
        told = self.ask("increment")
        self.assertIn(UNKNOWN_OUTCOME, told["failure"])
        self.assertEqual((told["effect"], told["kind"], told["retries"]), ("unknown", "timed out", 0), told)

    def test_unless_that_does_no_harm(self):
        counter(self.owner, "increment", self.name, 5)
        self.owner.freeze()
        end = self.begin("value")
        self.wait_for_refusal()
        self.owner.thaw()
        told = end()
        self.assertEqual(told.get("value"), 5, told)
        self.assertGreaterEqual(told["retries"], 1)


class PythonTest(TypedErrorsTest):
    def setUp(self):
        super().setUp()
        self.client = Client(self.asked.name, deadline=ENDLESS_SECONDS)
        self.addCleanup(self.client.close)
        self.counter = self.client.service("counter", Counter.Client, repeatable={"value"}).at(self.key)

    def begin(self, method, *arguments):
        """Calls while the test goes on: what is returned waits for the result, or for the error, and returns it."""
        told = []

        def ask():
            try:
                told.append(method(*arguments))
            except Exception as failure:  # compared by the test
                told.append(failure)

        thread = threading.Thread(target=ask)
        thread.start()
        self.addCleanup(thread.join)

        def end():
            thread.join()
            return told[0]

        return end

    def test_what_no_node_executes_is_refused_at_once(self):
        odd = self.client.service("counter", OddCounter, repeatable={"value"}).at(self.key)
        for prefix, method, arguments in (
                (NO_KEY, odd.value, Counter.clear_args()), (BAD_KEY, odd.value, Counter.order_args(Counter.Order("x"))),
                (UNROUTABLE, odd.clear, None)):
            with self.assertRaises(Rejected) as caught:
                method(*([] if arguments is None else [arguments]))
            self.assertIn(prefix, caught.exception.cause)

    def test_text_and_bytes_name_the_same_owner(self):
        forwarded = self.asked.status().forwarded
        for key in (self.name, self.name.encode()):
            self.assertEqual(self.counter.at(key).where(self.name), self.owner.name)
        self.assertEqual(self.asked.status().forwarded, forwarded)

    def test_what_could_not_be_passed_on_is_tried_again_until_it_is(self):
        self.switch("disable")
        end = self.begin(self.counter.increment, self.name, 1)
        self.wait_for_refusal()
        self.switch("enable")
        self.assertEqual(end(), 1)

    def test_what_the_node_lost_sight_of_is_unknown_and_not_repeated(self):
        self.owner.freeze()
        with self.assertRaises(Unknown) as caught:
            self.counter.increment(self.name, 1)
        self.assertIn(UNKNOWN_OUTCOME, caught.exception.cause)

    def test_unless_that_does_no_harm(self):
        counter(self.owner, "increment", self.name, 5)
        self.owner.freeze()
        end = self.begin(self.counter.value, self.name)
        self.wait_for_refusal()
        self.owner.thaw()
        self.assertEqual(end(), 5)


if __name__ == "__main__":
    unittest.main()
