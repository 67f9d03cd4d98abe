"""A service is switched off and on fifty times under load: nobody else notices, and its own clients are told in a word.

What holds for clients of the service itself, on connections that last through all of it: each call gets its answer, or
`p2p:disabled` or `p2p:draining` and was not taken. A job that was taken is done, and its submitter hears of it, before the
service stops; one that was refused can be submitted again, under the same name, until it is taken. What ends with a forced
stop is what the service remembers: results that nobody asks for any more, and ledgers.
"""
import itertools
import threading
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.moody import MoodyTest, moody
from harness.store_load import StoreLoad
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from moody import Moody
from work import Work

TOGGLES = 50

NOT_TAKEN = ("p2p:disabled:", "p2p:draining:")


def was_not_taken(refusal):
    """Whether it is one of the errors that say so; any other is the test's failure."""
    return (refusal.message or "").split(" ")[0] in NOT_TAKEN


class Submitters:
    """Clients that submit jobs of a few milliseconds, each job again until it is taken. A context, like StoreLoad."""

    def __init__(self, port, clients=3):
        self.failures = []
        self.refusals = 0
        self.done = 0
        self._port = port
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number):
        try:
            with client.connect(self._port, Work, "work", seconds=60) as work:
                for turn in itertools.count():
                    if self._ended.is_set():
                        return
                    self._submit(work, f"job-{number}-{turn}", f"key-{turn % 20}".encode(), b"%d" % (turn % 4))
        except Exception as failure:  # whatever it is, the test has to tell it
            self.failures.append(repr(failure))

    def _submit(self, work, job, key, milliseconds):
        while True:
            try:
                answer = work.submit(job, key, "append", milliseconds)
            except TApplicationException as refusal:
                assert was_not_taken(refusal), refusal.message
                with self._guard:
                    self.refusals += 1
                if self._ended.is_set():
                    return
                continue
            assert answer == job.encode(), f"{job} was answered {answer}"
            with self._guard:
                self.done += 1
            return


class WorkUnderLoadTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.served = self.lonely_node("--plugin-dir", settings.EXAMPLE_PLUGINS, "--set", "services.work.enabled=true",
                                       *settings.patient("host.call_timeout=5s"), log_level="info")

    def toggle(self, submitters):
        """Off and on, once the service has done work since it was switched on the last time."""
        before = submitters.done
        wait_until("jobs are done", lambda: submitters.done > before + 5 or submitters.failures)
        refused = self.served.ctl("disable", "work")
        self.assertEqual(refused.returncode, 5, refused.stdout)
        self.assertRegex(refused.stdout, r"service work must not stop: it holds \d+ jobs")
        ended = self.served.ctl("disable", "work", "--force")
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertEqual(ended.stdout, "service work has stopped\n")
        self.assertEqual(self.served.service("work").state, "disabled")
        begun = self.served.ctl("enable", "work")
        self.assertEqual(begun.returncode, 0, begun.stdout + begun.stderr)

    def test_fifty_times_no_call_of_the_store_fails_and_every_job_is_answered_or_refused_in_a_word(self):
        with StoreLoad(self.served.port) as load, Submitters(self.served.port) as submitters:
            for _ in range(TOGGLES):
                self.toggle(submitters)
                self.assertEqual(load.failures + submitters.failures, [])
        self.assertEqual(load.failures + submitters.failures, [])
        self.assertGreater(load.calls, TOGGLES)
        self.assertGreater(submitters.refusals, TOGGLES)
        # Of the last life's jobs, each has had its effect once.
        for number in range(20):
            ledger = client.call(self.served.port, "ledger", f"key-{number}".encode(), interface=Work, service="work")
            self.assertEqual(len(ledger), len(set(ledger)), ledger)


class PooledHandlersUnderLoadTest(MoodyTest):
    """Calls of `moody` run on the worker pool, where one may be under way on any thread when the service ends."""

    def setUp(self):
        super().setUp()
        self.configure()
        self.served = self.moody_node().start()

    def call_often(self, ended, counts, failures):
        try:
            with client.connect(self.served.port, Moody, "moody") as on_moody:
                while not ended.is_set():
                    try:
                        assert on_moody.size() == 10
                        counts["answered"] += 1
                    except TApplicationException as refusal:
                        assert was_not_taken(refusal), refusal.message
                        counts["refused"] += 1
        except Exception as failure:
            failures.append(repr(failure))

    def test_each_time_it_is_a_new_object_and_calls_on_the_pool_are_answered_or_refused(self):
        ended, failures = threading.Event(), []
        counts = [{"answered": 0, "refused": 0} for _ in range(3)]
        callers = [threading.Thread(target=self.call_often, args=(ended, own, failures)) for own in counts]
        for caller in callers:
            caller.start()
        try:
            for _ in range(TOGGLES):
                self.assert_done(self.served.ctl("disable", "moody"))
                self.assert_done(self.served.ctl("enable", "moody"))
        finally:
            ended.set()
            for caller in callers:
                caller.join()
        self.assertEqual(failures, [])
        self.assertEqual(moody(self.served, "starts"), TOGGLES + 1)
        for what in ("answered", "refused"):
            self.assertGreater(sum(own[what] for own in counts), 0, what)


if __name__ == "__main__":
    unittest.main()
