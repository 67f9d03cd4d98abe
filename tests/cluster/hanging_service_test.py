"""A callback of one service does not return: all others serve on, operators are told, and nobody waits for ever."""
import signal
import subprocess
import unittest

from harness import client, settings
from harness.child_process import END_SECONDS
from harness.moody import MoodyTest, moody
from harness.waiting import wait_for_equal, wait_until


class HangingServiceTest(MoodyTest):
    """The service `moody` hangs in one of its callbacks as long as the file `lock` is there."""

    def setUp(self):
        super().setUp()
        self.lock = self.folder / "lock"

    def start(self, callback):
        self.configure(host='start_timeout = "2s"\ndrain_timeout = "1s"',
                       options=f'holds = "{callback}"\nwhile_there = "{self.lock}"')
        self.lock.unlink(missing_ok=True)
        self.served = self.moody_node().start()
        self.addCleanup(self.lock.unlink, missing_ok=True)  # so that the node can end
        return self.served

    def begin(self, *words):
        """p2pctl as a process that is not waited for yet."""
        command = [str(settings.P2PCTL), "--node", self.served.name, "--admin", str(self.served.data_dir / "admin.sock"), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def outcome(self, begun):
        output, _ = begun.communicate(timeout=END_SECONDS * settings.PATIENCE)
        return begun.returncode, output

    def assert_told(self, outcome, callback, *further):
        code, output = outcome
        self.assertEqual(code, 5, output)
        for text in (f"p2p:hanging: {callback}() of service moody has not returned for ", *further):
            self.assertIn(text, output)

    def hang(self, callback):
        """Lets the service hang; the change that it hangs in, and one that waits behind it."""
        self.start(callback)
        if callback in ("start", "ready"):
            self.assert_done(self.served.ctl("disable", "moody"))
        self.lock.touch()
        changing = self.begin("enable" if callback in ("start", "ready") else "disable", "moody")
        step = {"start": "starting", "ready": "starting", "drain": "draining", "stop": "draining"}[callback]
        wait_until("it is in the callback", lambda: self.served.service("moody").state == step)
        return changing, self.begin("disable", "diststore")

    def test_a_check_of_a_reload_hangs_where_the_reload_would_and_says_the_same(self):
        self.start("configure")
        for size, words in ((20, ("reload", "--check")), (21, ("reload",))):
            with self.subTest(words):
                self.configure(host='start_timeout = "2s"\ndrain_timeout = "1s"',
                               options=f'holds = "configure"\nwhile_there = "{self.lock}"\nsize = {size}')
                self.lock.touch()
                self.assert_told(self.outcome(self.begin(*words)), "configure",
                                 "this change has begun, and goes on when that returns")
                self.assertEqual(moody(self.served, "size"), 10)
                self.lock.unlink()
                wait_until("it has ended", lambda: self.served.ctl("reload", "--check").returncode == 0)

    def test_operators_are_told_and_what_waited_behind_it_is_withdrawn(self):
        for callback in ("start", "ready", "drain", "stop"):
            with self.subTest(callback):
                changing, waiting = self.hang(callback)
                # "was withdrawn" too, unless it came so late that it was turned away.
                self.assert_told(self.outcome(waiting), callback)
                self.assert_told(self.outcome(changing), callback, "this change has begun, and goes on when that returns")
                self.assert_told(self.outcome(self.begin("disable", "diststore")), callback)
                self.assert_told(self.outcome(self.begin("reload")), callback)
                shown = self.served.ctl("services")
                self.assertEqual(shown.returncode, 1)
                self.assertRegex(shown.stdout, rf"problem: {callback}\(\) of service moody has not returned for \d+ s")
                self.assertEqual(self.served.ctl("status").returncode, 1)
                client.write(self.served.port, "key", "value")
                self.assertEqual(client.read(self.served.port, "key"), b"value")
                self.assert_goes_on(callback)
                self.end([self.served])

    def assert_goes_on(self, callback):
        """When the callback returns, the change that has begun ends, and further ones are done; withdrawn ones are not."""
        self.lock.unlink()
        end = "ready" if callback in ("start", "ready") else "disabled"
        wait_for_equal("the change has ended", end, lambda: self.served.service("moody").state)
        self.assertEqual(self.served.service("diststore").state, "ready")
        self.assertIn("nothing to change" if end == "ready" else "service moody runs",
                      self.assert_done(self.served.ctl("reload")))
        self.assertEqual(moody(self.served, "level"), 1)
        self.assert_done(self.served.ctl("services"))

    def test_a_node_that_cannot_end_says_what_it_waits_for_and_ends_at_once_when_asked_again(self):
        changing, waiting = self.hang("stop")
        for begun in (changing, waiting):
            self.assert_told(self.outcome(begun), "stop")
        self.served.send_signal(signal.SIGTERM)
        reason = "stop() of service moody has not returned for "
        wait_until("it is logged", lambda: reason in self.served.log() and "by a second SIGTERM" in self.served.log())
        self.served.send_signal(signal.SIGTERM)
        self.assertEqual(self.served.wait(), 128 + signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
