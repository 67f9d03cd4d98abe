"""The example plugin `work`: every job runs where its key lives, and has its effect once, while nodes come and go."""
import collections
import contextlib
import itertools
import os
import signal
import subprocess
import threading
import unittest
import zlib

from harness import client, settings
from harness.case import ALONE, CLASSIC, ClusterTest
from harness.classic_ring import keys_owned_by
from harness.waiting import NOT_YET, wait_for_equal, wait_until
from thrift.Thrift import TApplicationException

from work import Work
from work.ttypes import JobFailed, JobRefused, JobState, NotFinished, QueueFull

PLACES = {"config": settings.EXAMPLES / "work" / "work.toml"}
PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)

# Longer than a hand-over takes while the machine is loaded.
DRAIN_SECONDS = 60
PATIENT = ("--set", f"host.drain_timeout={DRAIN_SECONDS}s", "--set", "host.call_timeout=60s")


# How often the long form runs.
ROUNDS = int(os.environ.get("P2P_ROUNDS", "1"))


def option(name, value):
    return ("--set", f"services.work.config.{name}={value}")


def ask(node, method, *arguments, seconds=client.CALL_SECONDS):
    return client.call(node.port, method, *arguments, interface=Work, service="work", seconds=seconds)


def submit(node, job, key, kind="append", payload=b"", **how):
    return ask(node, "submit", job, key.encode(), kind, payload, **how)


def status(node, job, key):
    return ask(node, "status", job, key.encode())


def ledger(node, key):
    return sorted(ask(node, "ledger", key.encode()))


class Submission(threading.Thread):
    """One submit() that may take its time, in a thread of its own."""

    def __init__(self, node, job, key, payload):
        super().__init__(daemon=True)
        self._call = (node, job, key, "append", payload)
        self.result = None
        self.start()

    def run(self):
        try:
            self.result = submit(*self._call, seconds=60)
        except Exception as failure:  # the test compares it
            self.result = failure

    def outcome(self):
        self.join(60 * settings.PATIENCE)
        return self.result


class WorkTest(ClusterTest):
    """On the classic ring, whose owners are told by the rules alone; agreed_services_test has jobs on a cluster map."""

    def node(self, *arguments, **places):
        return super().node(*CLASSIC, *arguments, **places)

    def alone(self, *arguments):
        return self.lonely_node(*PLUGINS, *arguments, **PLACES)

    def network(self, count, *arguments):
        return self.cluster(count, *PLUGINS, *arguments, **PLACES)

    def one_more(self, nodes, *arguments):
        joined = self.next_node(*PLUGINS, *arguments, **PLACES).start()
        self.wait_for_network([*nodes, joined])
        return joined


class OneNodeTest(WorkTest):
    def test_each_kind_does_its_work(self):
        node = self.alone()
        self.assertEqual(submit(node, "a", "k", "count_words", b"to be or not to be"), b"6")
        self.assertEqual(submit(node, "b", "k", "checksum", b"some bytes"), b"%08x" % zlib.crc32(b"some bytes"))
        self.assertEqual(submit(node, "c", "k"), b"c")
        self.assertEqual(ledger(node, "k"), ["c"])
        self.assertEqual(node.gauge("done", "work"), 3)
        report = ask(node, "result", "a", b"k")
        self.assertEqual((report.state, report.result, report.error), (JobState.done, b"6", None))
        self.assertEqual(status(node, "never", "k"), JobState.unknown)

    def test_a_job_runs_once_however_often_it_is_submitted(self):
        node = self.alone()
        first = submit(node, "once", "k")
        self.assertEqual([submit(node, "once", "k", "count_words", b"else") for _ in range(3)], [first] * 3)
        self.assertEqual(ledger(node, "k"), ["once"])
        self.assertEqual(submit(node, "once", "another key"), b"once")
        self.assertEqual(ledger(node, "another key"), ["once"])

    def test_what_cannot_be_done_is_told_with_its_reason(self):
        node = self.alone(*option("payload_bytes_max", "1KiB"), *option("ledger_max", 1))
        with self.assertRaises(JobRefused) as refused:
            submit(node, "a", "k", "juggle")
        self.assertIn("'juggle'", refused.exception.message)
        with self.assertRaises(JobRefused) as refused:
            submit(node, "a", "k", "checksum", bytes(1025))
        self.assertIn("payload_bytes_max is 1024", refused.exception.message)
        with self.assertRaises(JobRefused):
            submit(node, "", "k")
        for _ in range(2):
            with self.assertRaises(JobFailed) as failed:
                submit(node, "bad", "k", "append", b"soon")
            self.assertIn("milliseconds", failed.exception.message)
        self.assertEqual(ask(node, "result", "bad", b"k").error, failed.exception.message)
        submit(node, "first", "k")
        with self.assertRaises(JobFailed) as failed:
            submit(node, "second", "k")
        self.assertIn("ledger_max = 1", failed.exception.message)
        self.assertEqual(ledger(node, "k"), ["first"])

    def test_a_full_queue_refuses_more_and_takes_them_later(self):
        node = self.alone(*option("workers", 1), *option("queue_max", 1))
        running = Submission(node, "running", "k", b"500")
        wait_for_equal("one runs", JobState.running, lambda: status(node, "running", "k"))
        queued = Submission(node, "queued", "k", b"")
        wait_for_equal("one waits", JobState.queued, lambda: status(node, "queued", "k"))
        with self.assertRaises(QueueFull) as full:
            submit(node, "too much", "k")
        self.assertEqual(full.exception.queue_max, 1)
        self.assertIn("submit again", full.exception.message)
        self.assertEqual(status(node, "too much", "k"), JobState.unknown)
        self.assertEqual([running.outcome(), queued.outcome()], [b"running", b"queued"])
        self.assertEqual(submit(node, "too much", "k"), b"too much")
        self.assertEqual(ledger(node, "k"), ["queued", "running", "too much"])

    def test_a_submit_whose_time_is_over_tells_how_far_the_job_is_and_finds_it_later(self):
        node = self.alone("--set", "host.call_timeout=200ms")
        with self.assertRaises(NotFinished) as late:
            submit(node, "slow", "k", "append", b"600")
        self.assertEqual(late.exception.state, JobState.running)
        wait_for_equal("it is done", JobState.done, lambda: status(node, "slow", "k"))
        self.assertEqual(submit(node, "slow", "k"), b"slow")
        self.assertEqual(ledger(node, "k"), ["slow"])

    def test_only_so_many_results_are_remembered_and_the_ledger_stays(self):
        node = self.alone(*option("results_max", 2))
        for job in ("a", "b", "c"):
            submit(node, job, "k")
        self.assertEqual([status(node, job, "k") for job in ("a", "b", "c")],
                         [JobState.unknown, JobState.done, JobState.done])
        self.assertEqual(ledger(node, "k"), ["a", "b", "c"])

    def test_a_disabled_service_says_so(self):
        node = self.alone("--set", "services.work.enabled=false")
        with self.assertRaises(TApplicationException) as refused:
            submit(node, "a", "k")
        self.assertTrue(refused.exception.message.startswith("p2p:disabled: "), refused.exception.message)

    def test_it_is_not_switched_off_while_it_holds_jobs_unless_it_is_forced_to(self):
        node = self.alone()
        self.assertEqual(node.ctl("disable", "work").returncode, 0)
        self.assertEqual(node.ctl("enable", "work").returncode, 0)
        submit(node, "a", "k")
        refused = node.ctl("disable", "work")
        self.assertEqual(refused.returncode, 5, refused.stdout)
        self.assertIn("service work must not stop: it holds 1 jobs", refused.stdout)
        self.assertEqual(status(node, "a", "k"), JobState.done)
        self.assertEqual(node.ctl("disable", "work", "--force").returncode, 0)
        self.assertEqual(node.ctl("enable", "work").returncode, 0)
        self.assertEqual(status(node, "a", "k"), JobState.unknown)

    def test_the_last_node_ends_although_nobody_takes_its_jobs(self):
        node = self.alone(*option("workers", 1))
        running = Submission(node, "running", "k", b"60000")
        wait_for_equal("one runs", JobState.running, lambda: status(node, "running", "k"))
        node.leave()
        self.assertIn("1 jobs that have not run end with this node", node.log())
        self.assertIsInstance(running.outcome(), Exception)


class NetworkTest(WorkTest):
    def test_a_job_runs_on_its_owner_whoever_is_asked(self):
        nodes = self.network(3)
        names = [node.name for node in nodes]
        for owner in nodes:
            key = keys_owned_by(owner.name, names, 1)[0]
            for number, asked in enumerate(nodes):
                self.assertEqual(submit(asked, f"job-{number}", key), b"job-%d" % number)
                self.assertEqual(ledger(asked, key), [f"job-{done}" for done in range(number + 1)])
                self.assertEqual(status(asked, f"job-{number}", key), JobState.done)
        self.assertEqual([node.gauge("done", "work") for node in nodes], [3, 3, 3])

    def test_the_same_job_submitted_on_two_nodes_at_once_runs_once(self):
        nodes = self.network(3)
        key = keys_owned_by(nodes[2].name, [node.name for node in nodes], 1)[0]
        submissions = [Submission(node, "twin", key, b"300") for node in nodes for _ in range(3)]
        self.assertEqual([each.outcome() for each in submissions], [b"twin"] * 9)
        self.assertEqual(ledger(nodes[0], key), ["twin"])

    def test_a_queue_that_is_full_on_the_owner_is_told_through_another_node(self):
        nodes = self.network(2, *option("workers", 1), *option("queue_max", 1))
        key = keys_owned_by(nodes[1].name, [node.name for node in nodes], 1)[0]
        waiting = [Submission(nodes[0], "a", key, b"500")]
        wait_for_equal("one runs", JobState.running, lambda: status(nodes[1], "a", key))
        waiting.append(Submission(nodes[0], "b", key, b""))
        wait_for_equal("one waits", JobState.queued, lambda: status(nodes[1], "b", key))
        with self.assertRaises(QueueFull) as full:
            submit(nodes[0], "c", key)
        self.assertIn(nodes[1].name, full.exception.message)
        self.assertEqual([each.outcome() for each in waiting], [b"a", b"b"])

    def test_an_owner_that_has_the_service_disabled_costs_a_typed_error(self):
        nodes = self.network(1, "--set", "host.call_timeout=500ms")
        other = self.one_more(nodes, "--set", "services.work.enabled=false")
        names = [nodes[0].name, other.name]
        with self.assertRaises(NotFinished) as unfinished:
            submit(nodes[0], "a", keys_owned_by(other.name, names, 1)[0])
        self.assertEqual(unfinished.exception.state, JobState.unknown)
        self.assertEqual(submit(nodes[0], "a", keys_owned_by(nodes[0].name, names, 1)[0]), b"a")

    def test_a_killed_owner_costs_a_typed_error_and_the_job_can_be_submitted_again(self):
        nodes = self.network(2)
        key = keys_owned_by(nodes[1].name, [node.name for node in nodes], 1)[0]
        lost = Submission(nodes[0], "lost", key, b"60000")
        wait_for_equal("it runs", JobState.running, lambda: status(nodes[1], "lost", key))
        nodes[1].kill()
        self.assertIsInstance(lost.outcome(), NotFinished)
        self.assertIn("submit the job again", lost.result.message)
        self.assertEqual(submit(nodes[0], "lost", key), b"lost")
        self.assertEqual(ledger(nodes[0], key), ["lost"])


class MovingTest(WorkTest):
    """One change at a time, looked at closely."""

    def test_a_joiner_gets_what_is_its_own_and_nobody_runs_it_twice(self):
        nodes = self.network(2)
        keys = [f"key-{number}" for number in range(60)]
        for key in keys:
            submit(nodes[0], "before", key)
        joined = self.one_more(nodes)
        everyone = [*nodes, joined]
        gained = [key for key in keys if client.owner(nodes[0].port, key) == joined.name]
        self.assertGreater(len(gained), 0)
        for key in keys:
            self.assertEqual(submit(joined, "before", key, "count_words", b"x"), b"before")
            self.assertEqual(ledger(nodes[0], key), ["before"])
        self.assertEqual(joined.gauge("done", "work"), len(gained))
        wait_for_equal("jobs of all nodes", len(keys), lambda: sum(node.gauge("done", "work") for node in everyone))

    def test_a_leaver_finishes_what_runs_and_hands_over_what_waits_and_every_caller_hears(self):
        nodes = self.network(3, *option("workers", 1), *PATIENT)
        leaver, stayer = nodes[2], nodes[0]
        key = keys_owned_by(leaver.name, [node.name for node in nodes], 1)[0]
        running = Submission(leaver, "running", key, b"1500")
        wait_for_equal("one runs", JobState.running, lambda: status(stayer, "running", key))
        waiting = [Submission(node, f"waiting-{number}", key, b"") for number, node in enumerate([*nodes] * 3)]
        wait_for_equal("the others wait", 9, lambda: leaver.gauge("queued", "work"))
        leaver.send_signal(signal.SIGTERM)
        wait_for_equal("what waits is gone", 0, lambda: leaver.gauge("queued", "work"))
        self.assertEqual(leaver.gauge("running", "work"), 1)
        # The key's new owner knows nothing of the job that runs, and must not run it again.
        twin = Submission(stayer, "running", key, b"")
        outcomes = [each.outcome() for each in [running, twin, *waiting]]
        self.assertEqual(outcomes, [b"running"] * 2 + [b"waiting-%d" % number for number in range(9)])
        self.assertEqual(leaver.wait(DRAIN_SECONDS), 0)
        self.wait_for_network(nodes[:2])
        expected = sorted(["running", *(f"waiting-{number}" for number in range(9))])
        self.assertEqual(ledger(stayer, key), expected)
        self.assertNotIn("not everything was handed over", leaver.log())


class Clients:
    """Clients that submit jobs, each through the nodes in turn, and hold on to every result."""

    def __init__(self, nodes, jobs, count):
        self._nodes = list(nodes)
        self._jobs = iter(jobs)
        self._lock = threading.Lock()
        self.results = {}
        self.failures = []
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def add(self, node):
        self._nodes.append(node)

    def remove(self, node):
        self._nodes.remove(node)

    def done(self):
        return len(self.results) + len(self.failures)

    def join(self, seconds):
        for thread in self._threads:
            thread.join(seconds * settings.PATIENCE)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, number):
        with contextlib.ExitStack() as opened:
            connections = {}
            for turn in itertools.count(number):
                with self._lock:
                    job = next(self._jobs, None)
                if job is None:
                    return
                self._submit(job, turn, connections, opened)

    def _submit(self, job, turn, connections, opened):
        key, name, payload = job
        while True:
            nodes = list(self._nodes)
            node = nodes[turn % len(nodes)]
            try:
                if node not in connections:
                    connections[node] = opened.enter_context(client.channel(node.port, seconds=60))
                work = client.client_on(connections[node], Work, "work")
                self.results[(key, name)] = work.submit(name, key.encode(), "append", payload)
                return
            except NOT_YET as failure:
                # A node that leaves takes no more clients; whoever was connected to it goes elsewhere.
                if is_farewell(failure):
                    connections.pop(node, None)
                    turn += 1
                    continue
                self.failures.append((job, node.name, failure))
                return
            except Exception as failure:
                self.failures.append((job, node.name, failure))
                return


def is_farewell(failure):
    """The node refuses calls, or the connection to it has ended."""
    return not isinstance(failure, TApplicationException) or failure.message.startswith("p2p:draining: ")


class ManyJobsTest(WorkTest):
    """Every effect is there exactly once, and every result has come back."""

    def run_jobs(self, nodes_count, jobs_count, keys_count, clients_count, changes):
        # One worker a node, so that jobs wait when the ring changes.
        arguments = [*PLUGINS, *PATIENT, *option("workers", 1), *option("batch_bytes", "4KiB")]
        nodes = self.cluster(nodes_count, *arguments, **PLACES)
        keys = [f"key-{number}" for number in range(keys_count)]
        # Some take a few milliseconds, so that changes meet jobs that run.
        jobs = [(keys[number % keys_count], f"job-{number}", b"%d" % (number % 5 if number % 2 else 0))
                for number in range(jobs_count)]
        clients = Clients(nodes, jobs, clients_count)
        clients.start()
        for number, at_once in enumerate(changes, 1):
            due = jobs_count * number // (len(changes) + 2)
            wait_until(f"{due} jobs are done", lambda due=due: clients.done() >= due, 300)
            joiners = [self.next_node(*arguments, **PLACES) for change in at_once if change == "join"]
            leavers = [(nodes.pop(0), change) for change in at_once if change != "join"]
            for joiner in joiners:
                joiner.launch()
            self.let_leave(leavers, clients)
            for joiner in joiners:
                nodes.append(joiner.wait_until_ready())
                clients.add(joiner)
        self.assertTrue(clients.join(300), "the clients have come to their end")
        self.assertEqual(clients.failures, [])
        self.assertEqual(clients.results, {(key, name): name.encode() for key, name, _ in jobs})
        self.wait_for_network(nodes)
        expected = collections.defaultdict(list)
        for key, name, _ in jobs:
            expected[key].append(name)
        for number, key in enumerate(keys):
            self.assertEqual(ledger(nodes[number % len(nodes)], key), sorted(expected[key]))
        wait_for_equal("results on all nodes", jobs_count, lambda: sum(node.gauge("done", "work") for node in nodes))
        self.end(nodes)

    def let_leave(self, leavers, clients):
        """All at once, by a signal or by p2pctl, while clients are connected to them."""
        commands = []
        for leaver, how in leavers:
            if how == "SIGTERM":
                leaver.send_signal(signal.SIGTERM)
            else:
                commands.append(subprocess.Popen([str(settings.P2PCTL), "--node", leaver.name, "leave"],
                                                 stdout=subprocess.DEVNULL))
            clients.remove(leaver)
        for command in commands:
            self.assertEqual(command.wait(DRAIN_SECONDS), 0)
        for leaver, _ in leavers:
            self.assertEqual(leaver.wait(DRAIN_SECONDS + 10), 0)
            self.assertIn("handed over", leaver.log())
            self.assertNotIn("not everything was handed over", leaver.log())


class FewJobsTest(ManyJobsTest):
    def test_every_effect_is_there_once_while_one_leaves_and_one_joins(self):
        self.run_jobs(nodes_count=3, jobs_count=600, keys_count=60, clients_count=8,
                      changes=[("SIGTERM",), ("join",)])


class TenThousandJobsTest(ManyJobsTest):
    def run_rounds(self, changes):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                self.run_jobs(nodes_count=5, jobs_count=10_000, keys_count=1_000, clients_count=32, changes=changes)

    def test_every_effect_is_there_once_while_two_leave_and_one_joins(self):
        self.run_rounds([("SIGTERM",), ("join",), ("p2pctl",)])

    def test_every_effect_is_there_once_while_two_leave_and_one_joins_at_once(self):
        self.run_rounds([("SIGTERM", "join", "p2pctl")])


if __name__ == "__main__":
    unittest.main()
