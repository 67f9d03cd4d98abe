"""Services are switched off and on while the node serves, and nobody else is disturbed."""
import pathlib
import re
import threading

from harness import client, settings
from harness.moody import MoodyTest, moody
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from diststore import Store
from diststore.ttypes import ReadOptions
from moody import Moody


class LiveServicesTest(MoodyTest):
    def setUp(self):
        super().setUp()
        self.configure()
        self.served = self.moody_node().start()

    def state(self, name="moody"):
        return self.served.service(name).state

    # --- off and on ---

    def test_a_disabled_service_says_so_and_the_connection_goes_on(self):
        with client.channel(self.served.port) as channel:
            on_moody = client.client_on(channel, Moody, "moody")
            on_store = client.client_on(channel, Store, "diststore")
            self.assertEqual(on_moody.level(), 1)
            self.assertIn("service moody has stopped", self.assert_done(self.served.ctl("disable", "moody")))
            with self.assertRaises(TApplicationException) as caught:
                on_moody.level()
            self.assertEqual(caught.exception.type, TApplicationException.UNKNOWN_METHOD)
            self.assertTrue(caught.exception.message.startswith("p2p:disabled:"), caught.exception.message)
            self.assertFalse(on_store.read(b"key", ReadOptions()).found)
            self.assertEqual(self.state(), "disabled")
            self.assertIn("service moody runs", self.assert_done(self.served.ctl("enable", "moody")))
            self.assertEqual(on_moody.starts(), 2)
            self.assertEqual(self.state(), "ready")

    def test_doing_it_again_does_no_harm(self):
        self.assertIn("runs already", self.assert_done(self.served.ctl("enable", "moody")))
        self.assert_done(self.served.ctl("disable", "moody"))
        self.assertIn("does not run", self.assert_done(self.served.ctl("disable", "moody")))
        self.assert_done(self.served.ctl("enable", "moody"))

    def test_counters_go_on_after_a_restart(self):
        for _ in range(3):
            moody(self.served, "level")
        self.assert_done(self.served.ctl("disable", "moody"))
        self.assert_done(self.served.ctl("enable", "moody"))
        moody(self.served, "level")
        self.assertEqual(self.served.service("moody").calls, 4)

    def test_clients_that_name_no_service_are_served_by_the_next_default(self):
        self.assertEqual(client.call(self.served.port, "service_type"), "diststore.Store")
        self.assert_done(self.served.ctl("disable", "diststore"))
        self.assertEqual(client.call(self.served.port, "service_type"), "locator.Locator")
        self.assert_done(self.served.ctl("enable", "diststore"))
        self.assertEqual(client.call(self.served.port, "service_type"), "diststore.Store")

    def test_the_code_of_a_service_that_has_stopped_stays_where_it_is(self):
        def mapped_code():
            # Where the copies of the plugins' files lie.
            maps = pathlib.Path(f"/proc/{self.served.process.pid}/maps").read_text()
            return re.findall(r"^(\S+) r-xp .*memfd:p2phost-plugin", maps, re.MULTILINE)

        before = mapped_code()
        self.assertEqual(len(before), 3)
        self.assert_done(self.served.ctl("disable", "moody"))
        self.assertEqual(mapped_code(), before)

    # --- what is in hand ---

    def test_a_call_in_hand_is_answered_before_the_service_stops(self):
        answers = []
        with client.connect(self.served.port, Moody, "moody") as moody_client:
            caller = threading.Thread(target=lambda: answers.append(moody_client.sleep(500)))
            caller.start()
            wait_until("the call is in hand", lambda: self.served.service("moody").in_flight == 1)
            self.assert_done(self.served.ctl("disable", "moody"))
            caller.join()
        self.assertEqual(answers, ["slept"])

    def test_a_handler_that_outlasts_its_call_is_waited_for(self):
        caller = threading.Thread(target=self.sleep_in_vain, args=(8000,))
        caller.start()
        wait_until("the call is in hand", lambda: self.served.service("moody").in_flight == 1)
        refused = self.assert_refused(self.served.ctl("disable", "moody"))
        self.assertIn("work of it still runs after [host] call_timeout = 2s", refused)
        caller.join()
        self.assertFalse(client.call(self.served.port, "read", b"key", ReadOptions(), service="diststore").found)
        self.assertIn("start moody", self.assert_done(self.served.ctl("reload", "--check")))
        wait_until("the handler has ended", lambda: self.served.ctl("enable", "moody").returncode == 0)
        self.assertEqual(moody(self.served, "level"), 1)
        self.assertEqual(moody(self.served, "starts"), 2)

    def sleep_in_vain(self, milliseconds):
        try:
            moody(self.served, "sleep", milliseconds)
        except TApplicationException:
            pass  # call_timeout

    # --- what is refused ---

    def test_a_service_that_others_require_is_not_disabled(self):
        refused = self.assert_refused(self.served.ctl("disable", "locator"))
        self.assertIn("service locator is required by diststore; disable that first", refused)
        self.assertEqual(self.state("locator"), "ready")

    def test_a_service_is_not_enabled_without_what_it_requires(self):
        self.assert_done(self.served.ctl("disable", "diststore"))
        self.assert_done(self.served.ctl("disable", "locator"))
        self.assertIn("requires p2p.locator.ILocator", self.assert_refused(self.served.ctl("enable", "diststore")))
        self.assert_done(self.served.ctl("enable", "locator"))
        self.assert_done(self.served.ctl("enable", "diststore"))
        client.write(self.served.port, "key", "value")
        self.assertEqual(client.read(self.served.port, "key"), b"value")

    def test_a_store_does_not_lose_its_keys_unless_it_is_forced_to(self):
        # To begin with all partitions empty takes its time where the programs are instrumented.
        self.configure(call_timeout=f"{6 * settings.PATIENCE:g}s")
        self.assert_done(self.served.ctl("reload"))
        client.write(self.served.port, "key", "value")
        refused = self.assert_refused(self.served.ctl("disable", "diststore"))
        self.assertIn("service diststore must not stop: it holds the only copies of 1 keys", refused)
        self.assertEqual(client.read(self.served.port, "key"), b"value")
        self.assert_done(self.served.ctl("disable", "diststore", "--force"))
        self.assert_done(self.served.ctl("enable", "diststore"))
        self.assertIsNone(client.read(self.served.port, "key"))

    def test_a_service_that_nobody_configured_is_named(self):
        self.assertIn("no [services.nobody]", self.assert_refused(self.served.ctl("disable", "nobody")))
        refused = self.assert_refused(self.served.ctl("enable", "mody"))
        self.assertTrue(refused.startswith("p2pctl enable mody: error: there is neither a [services.mody] in "), refused)
        self.assertIn("; did you mean 'moody'? `p2pctl services` shows which there are", refused)
        self.assertNotIn("--set", refused)

    # --- a service that is not well ---

    def test_what_a_service_complains_of_is_shown(self):
        moody(self.served, "feel", "the disk is full")
        shown = self.served.ctl("services")
        self.assertEqual(shown.returncode, 1)
        self.assertIn("problem: the disk is full", shown.stdout)
        moody(self.served, "feel", "")
        self.assert_done(self.served.ctl("services"))

    def test_a_service_that_does_not_start_again_leaves_the_others_running(self):
        self.assert_done(self.served.ctl("disable", "moody"))
        self.configure(options='fails = "start"')
        self.assertIn("service moody failed to start: it was told to",
                      self.assert_refused(self.served.ctl("enable", "moody")))
        self.assertEqual(self.state(), "failed")
        client.write(self.served.port, "key", "value")
        self.configure()
        self.assert_done(self.served.ctl("enable", "moody"))
        self.assertEqual(moody(self.served, "level"), 1)


class DegradedNodeTest(MoodyTest):
    def test_a_service_that_is_not_required_may_fail_and_the_node_says_so(self):
        for step in ("start", "ready"):
            with self.subTest(step=step):
                self.configure(host='start_timeout = "2s"', moody="required = false", options=f'fails = "{step}"')
                node = self.moody_node().start()
                self.assertEqual(node.service("moody").state, "failed")
                self.assertEqual(node.ctl("status").returncode, 1)
                self.assertIn("problem: ", node.ctl("services").stdout)
                client.write(node.port, "key", "value")
                self.assertEqual(client.read(node.port, "key"), b"value")
                with self.assertRaises(TApplicationException) as caught:
                    moody(node, "level")
                self.assertTrue(caught.exception.message.startswith("p2p:disabled:"), caught.exception.message)
                node.leave()

    def test_a_service_that_is_required_ends_the_start(self):
        for step, code in (("start", 69), ("ready", 75)):
            with self.subTest(step=step):
                self.configure(host='start_timeout = "2s"', options=f'fails = "{step}"')
                node = self.moody_node().launch()
                self.assertEqual(node.wait(), code)
                reason = "failed to start: it was told to" if step == "start" else "is not ready after [host] start_timeout = 2s"
                self.assertEqual(node.log().count(f"service moody {reason}"), 1, node.log())
                self.assertEqual(node.log().count(reason), 1, node.log())
