"""Exceptions cross from plugin to plugin as what they are, and none that leaves a plugin's callback harms the node."""
import itertools
import pathlib
import tempfile
import unittest

from harness import client, settings
from harness.case import ALONE, ClusterTest
from harness.raw import RawConnection, Request
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from locator import Base
from troubles import Taker
from troubles.ttypes import Trouble

SERVICE_FAILED, CONFIGURATION = 69, 78

# What a plugin throws through an interface, and as what the other one catches it.
CAUGHT = {
    "sdk": "p2p::Error overloaded: from over there",
    "generated": "troubles::Trouble: from over there",
    "thrift": "TApplicationException: from over there",
    "standard": "std::out_of_range: from over there",
    "number": "int: 42",
}

# What of it a client reads, when the other one lets it pass.
PASSED_ON = {
    "sdk": "exception",
    "thrift": "from over there",
    "standard": "from over there",
    "number": "exception",
}


class CrossingTest(ClusterTest):
    maker = settings.TEST_PLUGINS / "trouble_maker.so"

    def setUp(self):
        super().setUp()
        config = self.temporary_folder() / "troubles.toml"
        config.write_text(f'[services.trouble_maker]\nplugin = "{self.maker}"\n[services.trouble_taker]\n')
        self.served = self.node("--plugin-dir", settings.TEST_PLUGINS, config=config).start()

    def test_an_exception_comes_through_an_interface_with_its_exact_type(self):
        for kind, expected in CAUGHT.items():
            with self.subTest(kind):
                answer = client.call(self.served.port, "take", kind, interface=Taker, service="trouble_taker")
                self.assertEqual(answer, expected)

    def test_a_newer_interface_is_found_by_a_cast_across_plugins(self):
        self.assertEqual(client.call(self.served.port, "cast", interface=Taker, service="trouble_taker"), "none today")

    def test_one_that_passes_through_both_costs_one_reply_with_the_callers_sequence_id(self):
        for (kind, text), form in itertools.product(PASSED_ON.items(), client.FORMS):
            with self.subTest(kind=kind, form=form), RawConnection(self.served.port, form) as connection:
                asked = Request(Taker, "pass_on", service="trouble_taker", kind=kind)
                connection.send(asked.encode(form, 4711))
                with self.assertRaises(TApplicationException) as caught:
                    connection.reply(asked)
                self.assertEqual(caught.exception.sequence, 4711)
                self.assertIn(text, caught.exception.message)
                still = Request(Taker, "take", service="trouble_taker", kind="number")
                self.assertEqual(connection.call(still, 4712).success, "int: 42")

    def test_a_declared_one_that_passes_through_both_reaches_the_client_typed(self):
        with self.assertRaises(Trouble) as caught:
            client.call(self.served.port, "pass_on", "generated", interface=Taker, service="trouble_taker")
        self.assertEqual(caught.exception.text, "from over there")


MADE_BY_CLANG = settings.CLANG_PLUGINS / "trouble_maker.so"


@unittest.skipIf(settings.SANITIZER, "the other compiler's sanitizer does not go with it")
class CrossingFromClangTest(CrossingTest):
    """The same with a plugin that clang has built, in a host and beside a plugin of g++."""

    maker = MADE_BY_CLANG

    def test_it_is_clangs(self):
        self.assertRegex(self.maker.read_bytes(), rb";compiler=[^;]*Clang ")


class CallbackTest(ClusterTest):
    """The plugin throws_in_X throws in its callback X: a number, or what is derived from std::exception."""

    THROWN = {"number": "an exception of a type that is not derived from std::exception", "error": "out of luck"}

    def each(self, callback, *arguments):
        """A node for each thing thrown, with the plugin beside the locator, and what its log must say."""
        words = {"configure": "configure", "start": "start", "ready": "get ready", "drain": "drain", "stop": "stop"}
        for thrown, text in self.THROWN.items():
            with self.subTest(thrown):
                name = f"throws_in_{callback}"
                node = self.node("--plugin-dir", settings.BAD_PLUGINS, *ALONE,
                                 "--set", f"services.{name}.config.what={thrown}", *arguments, config=settings.LOCATOR_CONFIG)
                yield node, f"service {name} failed to {words.get(callback, callback)}: {text}"

    def test_out_of_configure_and_start_it_ends_the_node_in_good_order(self):
        for callback, code in {"configure": CONFIGURATION, "start": SERVICE_FAILED}.items():
            for node, logged in self.each(callback):
                self.assertEqual(node.launch().wait(), code)
                self.assertIn(logged, node.log())

    def test_out_of_ready_it_ends_a_node_that_requires_the_service(self):
        for node, logged in self.each("ready"):
            self.assertEqual(node.launch().wait(), SERVICE_FAILED)
            self.assertIn(logged, node.log())

    def test_out_of_ready_it_leaves_the_others_serving(self):
        for node, logged in self.each("ready", "--set", "services.throws_in_ready.required=false"):
            node.start()
            wait_until("it is logged", lambda node=node, logged=logged: logged in node.log())
            client.call(node.port, "ping", interface=Base, service="locator")
            self.assertEqual(node.service("locator").state, "ready")
            self.assertEqual(node.service("throws_in_ready").state, "failed")
            node.leave()

    def test_out_of_drain_and_stop_it_is_logged_and_the_node_ends_as_it_should(self):
        for callback in ("drain", "stop"):
            for node, logged in self.each(callback):
                node.start()
                client.call(node.port, "ping", interface=Base, service="locator")
                node.leave()
                self.assertIn(logged, node.log())
                self.assertIn("stopped", node.log())

    def test_out_of_drain_and_stop_it_keeps_no_service_from_being_switched_off_and_on(self):
        for callback in ("drain", "stop"):
            for node, logged in self.each(callback):
                node.start()
                self.assert_done(node.ctl("disable", f"throws_in_{callback}"), "has stopped")
                self.assertIn(logged, node.log())
                self.assert_done(node.ctl("enable", f"throws_in_{callback}"), "runs")
                self.assert_serves(node)
                node.leave()

    def test_out_of_configure_and_start_of_a_service_that_is_switched_on_it_leaves_the_others_serving(self):
        for callback in ("configure", "start"):
            for node, logged in self.each(callback, "--set", f"services.throws_in_{callback}.enabled=false"):
                node.start()
                refused = node.ctl("enable", f"throws_in_{callback}")
                self.assertEqual(refused.returncode, 5)
                self.assertIn(logged, refused.stdout)
                self.assert_serves(node)
                node.leave()

    def test_out_of_may_end_it_says_nothing_that_could_be_lost(self):
        for node, _ in self.each("may_end"):
            node.start()
            self.assert_done(node.ctl("disable", "throws_in_may_end"), "has stopped")
            self.assert_serves(node)

    def test_out_of_health_it_is_what_the_service_complains_of(self):
        for node, logged in self.each("health"):
            node.start()
            for _ in range(2):
                shown = node.ctl("services")
                self.assertEqual(shown.returncode, 1)
                self.assertIn("problem: health() threw", shown.stdout)
            self.assert_serves(node)

    def test_out_of_reconfigure_it_restarts_the_service(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "node.toml"
            text = '[services.locator.config]\ndiscover = "none"\n[services.throws_in_reconfigure.config]\nwhat = "{}"\n'
            config.write_text(text.format("number"))
            node = self.node("--plugin-dir", settings.BAD_PLUGINS, config=config).start()
            # What is thrown is that of the configuration before.
            for what, thrown in (("error", self.THROWN["number"]), ("number", self.THROWN["error"])):
                config.write_text(text.format(what))
                self.assert_done(node.ctl("reload"), "service throws_in_reconfigure runs")
                self.assertIn(f"service throws_in_reconfigure: reconfigure() threw: {thrown}", node.log())
            self.assert_serves(node)

    def assert_done(self, answer, text):
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertIn(text, answer.stdout)

    def assert_serves(self, node):
        client.call(node.port, "ping", interface=Base, service="locator")
        self.assertEqual(node.service("locator").state, "ready")


if __name__ == "__main__":
    unittest.main()
