"""Which services answer, under which names, and what an error costs."""
import pathlib
import tempfile
import unittest

from harness import client, settings
from harness.case import ClusterTest
from harness.raw import RawConnection, Request
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from diststore import Store
from locator import Base, Locator

PING = Request(Base, "ping")


class ChosenServicesTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def test_without_diststore_the_locator_answers_whoever_names_no_service(self):
        for places in ({"config": settings.LOCATOR_CONFIG}, {}):
            off = [] if places else ["--set", "services.diststore.enabled=false"]
            with self.subTest(places):
                node = self.lonely_node(*off, **places)
                for form in client.FORMS:
                    with client.connect(node.port, Locator, form=form) as unnamed:
                        self.assertEqual(unnamed.service_type(), "locator.Locator")
                        self.assertEqual(unnamed.service_types(), ["locator.Base", "locator.Locator"])
                        self.assertEqual([client.name_of(member) for member in unnamed.get_all()], [node.name])

    def test_locator_nodes_and_store_nodes_form_one_network(self):
        store = self.lonely_node()
        locator = self.node("--join", store.name, config=settings.LOCATOR_CONFIG).start()
        self.wait_for_network([store, locator])

    def test_status_shows_every_service_and_a_disabled_one_as_such(self):
        node = self.lonely_node("--set", "services.diststore.enabled=false")
        states = {service.name: service.state for service in node.status().services}
        self.assertEqual(states, {"locator": "ready", "diststore": "disabled"})
        self.assertEqual(node.ctl("status").returncode, 0)

    def test_a_service_that_was_refused_has_failed_until_an_operator_disables_it(self):
        node = self.lonely_node("--set", "services.absent.required=false", "--set", "services.absent.plugin=/absent.so")
        self.assertEqual(node.service("absent").state, "failed")
        self.assertIn("its plugin was refused", node.service("absent").problem)
        for verb in ("ping", "status", "services"):
            self.assertEqual(node.ctl(verb).returncode, 1, verb)
        self.assertEqual(node.ctl("disable", "absent").returncode, 0)
        self.assertEqual(node.service("absent").state, "disabled")
        for verb in ("ping", "status", "services"):
            self.assertEqual(node.ctl(verb).returncode, 0, verb)

    def test_a_service_that_cannot_be_enabled_stays_disabled(self):
        node = self.lonely_node("--set", "services.diststore.enabled=false", "--set", "services.diststore.config.key_bytes_max=1GiB")
        self.assertEqual(node.ctl("enable", "diststore").returncode, 5)
        self.assertEqual(node.service("diststore").state, "disabled")
        self.assertEqual(node.ctl("status").returncode, 0)

    def test_status_counts_calls_and_errors_of_each_service(self):
        node = self.lonely_node()
        before = node.service("diststore")
        client.write(node.port, "a", "b")
        unheard = Request(Base, "ping", service="diststore", named="join_nothing")
        with RawConnection(node.port, client.CLASSIC) as connection, self.assertRaises(TApplicationException):
            connection.call(unheard)
        after = node.service("diststore")
        self.assertEqual((after.calls - before.calls, after.errors - before.errors), (2, 1))
        self.assertIn("join_nothing", after.last_error)
        self.assertEqual(after.in_flight, 0)
        self.assertEqual(after.gauges["keys"], 1)

    def test_an_overlay_of_the_nodes_name_turns_a_service_off(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "store.toml"
            config.write_text("[services.locator]\n[services.diststore]\n"
                              "[node.n3.services.diststore]\nenabled = false\n")
            plain = self.lonely_node(config=config)
            overlaid = self.lonely_node("--node", "n3", config=config)
        self.assertEqual(client.call(plain.port, "service_type"), "diststore.Store")
        self.assertEqual(client.call(overlaid.port, "service_type"), "locator.Locator")


class ErrorTest(ClusterTest):
    """An error costs one reply; the connection goes on."""

    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.store_less = self.lonely_node("--set", "services.diststore.enabled=false")

    def test_unknown_and_disabled_services_are_told_apart_and_the_connection_stays_usable(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.store_less.port, form) as connection:
                for number in range(3):
                    self.assert_refused(connection, "nobody", "p2p:unknown:", sequence=10 + number)
                    self.assert_refused(connection, "diststore", "p2p:disabled:", sequence=20 + number)
                    connection.call(PING, sequence=30 + number)

    def assert_refused(self, connection, service, prefix, sequence):
        request = Request(Store, "get", service=service, key="a")
        connection.send(request.encode(connection.form, sequence))
        with self.assertRaises(TApplicationException) as caught:
            connection.reply(request)
        self.assertEqual(caught.exception.type, TApplicationException.UNKNOWN_METHOD)
        self.assertEqual(caught.exception.sequence, sequence)
        self.assertTrue(caught.exception.message.startswith(prefix), caught.exception.message)
        self.assertIn(service, caught.exception.message)

    def test_an_unknown_method_costs_one_reply(self):
        for form in client.FORMS:
            for service in (None, "locator", "node"):
                with self.subTest(form=form, service=service), RawConnection(self.store_less.port, form) as connection:
                    request = Request(Store, "get", service=service, key="a")
                    connection.send(request.encode(form, 5))
                    with self.assertRaises(TApplicationException) as caught:
                        connection.reply(request)
                    self.assertEqual(caught.exception.type, TApplicationException.UNKNOWN_METHOD)
                    self.assertEqual(caught.exception.sequence, 5)
                    connection.call(PING, sequence=6)

    def test_oneway_calls_to_unknown_and_disabled_services_do_not_desynchronise(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.store_less.port, form) as connection:
                oneways = [Request(Store, "put", service=service, oneway=True, key="a", value="b")
                           for service in ("nobody", "diststore", "locator", None)]
                connection.send(b"".join(request.encode(form, 99) for request in oneways * 5))
                for sequence in range(3):
                    connection.call(PING, sequence=sequence)

    def test_arguments_that_make_no_sense_cost_at_most_their_connection(self):
        for form in client.FORMS:
            with self.subTest(form=form), RawConnection(self.store_less.port, form) as connection:
                # Another method's arguments: `key` arrives where nothing is expected, and is passed over.
                request = Request(Locator, "get_node", key="a", named="ping")
                connection.send(request.encode(form, sequence=1))
                self.assertEqual(connection.reply(PING)[0], 1)
                connection.call(PING, sequence=2)

    def test_a_service_on_another_name_is_found_by_that_name_and_by_its_interface(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "renamed.toml"
            config.write_text('[host]\ndefault_service = ["values"]\n[services.locator]\n'
                              '[services.values]\nplugin = "diststore"\n')
            node = self.lonely_node(config=config)
        for service in ("values", "Store", None):
            self.assertEqual(client.call(node.port, "service_type", service=service), "diststore.Store")
        with self.assertRaises(TApplicationException):
            client.call(node.port, "service_type", service="diststore")


class DieTest(ClusterTest):
    def test_die_is_refused_and_logged_unless_the_configuration_allows_it(self):
        for service in ("locator", "diststore", None):
            node = self.lonely_node()
            client.call(node.port, "die", interface=Base, service=service)
            wait_until("the refusal is logged", lambda node=node: "allow_remote_die" in node.log())
            client.call(node.port, "ping")
            self.assertTrue(node.is_running())

    def test_die_ends_a_node_that_allows_it_and_the_others_hear_of_it(self):
        nodes = self.cluster(2, "--set", "host.allow_remote_die=true")
        client.write(nodes[0].port, "a", "b")
        client.call(nodes[1].port, "die", interface=Base)
        self.assertEqual(nodes[1].wait(), 0)
        self.wait_for_network(nodes[:1])
        self.assertEqual(client.read(nodes[0].port, "a"), b"b")

    def test_debug_writes_the_view_to_the_log(self):
        nodes = self.cluster(2)
        for service in ("locator", "diststore", None):
            with self.subTest(service=service):
                before = len(nodes[0].log())
                client.call(nodes[0].port, "debug", interface=Base, service=service)
                wait_until("the other member is logged", lambda: nodes[1].name in nodes[0].log()[before:])


if __name__ == "__main__":
    unittest.main()
