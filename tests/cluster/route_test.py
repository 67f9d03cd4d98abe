"""A plugin that knows of one node is one service of many by its configuration, whoever asks, in whichever form."""
import itertools
import os
import threading
import unittest

from harness import client, client_probe, settings
from harness.case import CLASSIC, ClusterTest
from harness.classic_ring import keys_owned_by
from harness.node_process import run_p2phost
from harness.raw import RawConnection, Request
from harness.waiting import wait_for_equal, wait_until
from thrift.Thrift import TApplicationException, TType

from counter import Counter
from counter.ttypes import Order
from peer import Peer
from peer.ttypes import Encoding, ForwardStatus

CONFIG = settings.EXAMPLES / "counter" / "counter.toml"
PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)

NO_KEY = "p2p:no-key: "
BAD_KEY = "p2p:bad-key: "
UNROUTABLE = "p2p:unroutable: "
NOT_EXECUTED = "p2p:not-executed: "
UNKNOWN_OUTCOME = "p2p:unknown-outcome: "


def counter(node, method, *arguments, form=client.CLASSIC):
    return client.call(node.port, method, *arguments, interface=Counter, service="counter", form=form)


class Fields:
    """Arguments that no generated code writes: pairs of a type and a value, at ids from 1 on."""

    def __init__(self, *fields):
        self._fields = fields

    def write(self, protocol):
        protocol.writeStructBegin("arguments")
        for number, (kind, value) in enumerate(self._fields, 1):
            self._write(protocol, number, kind, value)
        protocol.writeFieldStop()
        protocol.writeStructEnd()

    @staticmethod
    def _write(protocol, number, kind, value):
        protocol.writeFieldBegin("", kind, number)
        if kind == TType.LIST:
            protocol.writeListBegin(TType.I64, len(value))
            for element in value:
                protocol.writeI64(element)
            protocol.writeListEnd()
        elif kind == TType.STRUCT:
            value.write(protocol)
        else:
            {TType.BOOL: protocol.writeBool, TType.BYTE: protocol.writeByte, TType.I16: protocol.writeI16,
             TType.I32: protocol.writeI32, TType.I64: protocol.writeI64, TType.DOUBLE: protocol.writeDouble,
             TType.STRING: protocol.writeString}[kind](value)
        protocol.writeFieldEnd()


class Twice:
    """The field 1 twice, with different values."""

    def write(self, protocol):
        protocol.writeStructBegin("arguments")
        for value in ("one", "two"):
            protocol.writeFieldBegin("", TType.STRING, 1)
            protocol.writeString(value)
            protocol.writeFieldEnd()
        protocol.writeFieldStop()
        protocol.writeStructEnd()


def request(method, arguments=None, oneway=False, **named):
    asked = Request(Counter, method, service="counter", oneway=oneway, **named)
    if arguments is not None:
        asked.arguments = arguments
    return asked


class RouteTest(ClusterTest):
    """On the classic ring, whose owners are told by the rules alone; agreed_services_test has routes on a cluster map."""

    def node(self, *arguments, **places):
        return super().node(*CLASSIC, *arguments, **places)

    def counters(self, count, *arguments):
        nodes = self.cluster(count, *PLUGINS, *arguments, config=CONFIG)
        self.names = [node.name for node in nodes]
        return nodes

    def keys_of(self, node, count, prefix="key"):
        return keys_owned_by(node.name, self.names, count, prefix)

    def assert_fails(self, prefix, kind, call):
        with self.assertRaises(TApplicationException) as caught:
            call()
        self.assertEqual((caught.exception.message[:len(prefix)], caught.exception.type), (prefix, kind),
                         caught.exception.message)
        return caught.exception


class SteadyTest(RouteTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.counters(3)

    def test_every_form_sees_the_same_counters_through_every_node(self):
        expected = 0
        names = [self.keys_of(node, 1)[0] for node in self.nodes]
        for node, form in itertools.product(self.nodes, client.FORMS):
            expected += 3
            for name in names:
                self.assertEqual(counter(node, "increment", name, 3, form=form), expected)
        for node, form, name in itertools.product(self.nodes, client.FORMS, names):
            self.assertEqual(counter(node, "value", name, form=form), expected)
        # "here": each node has counted what it owns, and nothing else.
        self.assertEqual([counter(node, "total") for node in self.nodes], [expected] * 3)

    def test_a_call_runs_on_the_node_that_the_locator_names(self):
        names = [f"name-{number}" for number in range(50)]
        for node, name in itertools.product(self.nodes, names):
            self.assertEqual(counter(node, "where", name), client.owner(node.port, name))

    def test_the_default_service_is_routed_as_well(self):
        nodes = self.counters_by_default(2)
        name = self.keys_of(nodes[1], 1)[0]
        for node in nodes:
            self.assertEqual(client.call(node.port, "where", name, interface=Counter), nodes[1].name)

    def counters_by_default(self, count):
        return self.counters(count, "--set", "host.default_service=counter")

    def test_the_key_is_the_value_whatever_writes_it(self):
        for number in (0, 7, -7, 127, 30000, -30000, 2 ** 31 - 1, -2 ** 63):
            owner = client.owner(self.nodes[0].port, str(number))
            for node, form in itertools.product(self.nodes, client.FORMS):
                self.assertEqual(counter(node, "where", str(number), form=form), owner, (number, form))
                before = [each.status().forwarded for each in self.nodes]
                counter(node, "order", Order(item="x", customer=number), form=form)
                # A number goes where its text goes.
                passed_on = [after.status().forwarded - was for after, was in zip(self.nodes, before)]
                self.assertEqual(passed_on, [int(each is node and node.name != owner) for each in self.nodes], (number, form))

    def test_a_key_of_another_type_than_the_service_declares_is_refused(self):
        for kind, word in ((TType.BYTE, "an i8"), (TType.I16, "an i16"), (TType.I32, "an i32"), (TType.I64, "an i64")):
            for node, form in itertools.product(self.nodes, client.FORMS):
                with RawConnection(node.port, form) as connection:
                    asked = request("increment", Fields((kind, 5), (TType.I64, 1)))
                    failure = self.assert_fails(BAD_KEY, TApplicationException.PROTOCOL_ERROR,
                                                lambda connection=connection, asked=asked: connection.call(asked))
                self.assertIn(f"field 1 is {word}; the service declares a string", failure.message)
        self.assertEqual([counter(node, "total") for node in self.nodes], [0, 0, 0])

    def test_a_key_within_a_struct_is_found(self):
        for customer in range(-5, 5):
            for expected, (node, form) in enumerate(itertools.product(self.nodes, client.FORMS), 1):
                order = Order(item="a key that is none", customer=customer)
                self.assertEqual(counter(node, "order", order, form=form), expected)
        totals = {node.name: counter(node, "total") for node in self.nodes}
        owners = [client.owner(self.nodes[0].port, str(customer)) for customer in range(-5, 5)]
        self.assertEqual(totals, {name: owners.count(name) * 12 for name in totals})

    def test_oneway_calls_are_passed_on(self):
        names = [self.keys_of(node, 1)[0] for node in self.nodes]
        for node, form in itertools.product(self.nodes, client.FORMS):
            with client.connect(node.port, Counter, "counter", form) as connection:
                for name in names:
                    connection.bump(name)
                self.assertEqual(connection.where(names[0]), self.nodes[0].name)  # the stream is as it should be
        for node, name in itertools.product(self.nodes, names):
            wait_for_equal(f"{name} by {node.name}", 12, lambda node=node, name=name: counter(node, "value", name))

    def test_replies_of_a_pipeline_carry_their_own_numbers_in_order(self):
        names = [f"name-{number}" for number in range(60)]
        for node, form in itertools.product(self.nodes, client.FORMS):
            asked = [request("where", name=name) for name in names]
            with RawConnection(node.port, form) as connection:
                connection.send(b"".join(one.encode(form, 1000 + number) for number, one in enumerate(asked)))
                for number, (one, name) in enumerate(zip(asked, names)):
                    sequence, result = connection.reply(one)
                    self.assertEqual((sequence, result.success), (1000 + number, client.owner(node.port, name)))

    def test_the_client_library_reaches_each_counter_at_its_owner(self):
        before = [node.status().forwarded for node in self.nodes]
        told = client_probe.run(self.nodes[1], "count", 1_000)
        self.assertEqual((told["calls"], told["wrong"]), (5_000, 0), told)
        self.assertEqual([node.status().forwarded for node in self.nodes], before)
        self.assertIn(UNROUTABLE, told["refusal"])
        self.assertTrue(told["refusal_did_nothing"])
        # Each of the nodes had a part of it.
        totals = [counter(node, "total") for node in self.nodes]
        self.assertEqual(sum(totals), 4_000)
        self.assertTrue(all(totals), totals)

    def test_a_node_that_owns_the_key_passes_nothing_on(self):
        before = [node.status().forwarded for node in self.nodes]
        for node in self.nodes:
            for name in self.keys_of(node, 5):
                counter(node, "increment", name, 1)
            counter(node, "total")
        self.assertEqual([node.status().forwarded for node in self.nodes], before)

    def test_base_methods_run_on_every_node(self):
        for node, form in itertools.product(self.nodes, client.FORMS):
            counter(node, "ping", form=form)
            self.assertEqual(counter(node, "service_type", form=form), "counter.Counter")

    def test_methods_that_are_not_listed_are_refused(self):
        for node, form in itertools.product(self.nodes, client.FORMS):
            self.assert_fails(UNROUTABLE, TApplicationException.UNKNOWN_METHOD,
                              lambda node=node, form=form: counter(node, "clear", form=form))

    def test_arguments_without_a_proper_key_get_a_typed_error_and_the_connection_stays(self):
        empty = Fields()
        cases = [
            (NO_KEY, "field 1 is not in the arguments", "value", empty),
            (NO_KEY, "field 1 is not in the arguments", "order", empty),
            (NO_KEY, "field 1.3 is not in the arguments", "order", Fields((TType.STRUCT, Order(item="x")))),
            (BAD_KEY, "field 1 is a string, and the key is looked for inside a struct", "order",
             Fields((TType.STRING, "x"))),
            (BAD_KEY, "field 1 is in the arguments more than once", "value", Twice()),
            *((BAD_KEY, f"field 1 is {word}; a key is a string, a binary or an integer", "value", Fields((kind, value)))
              for kind, word, value in ((TType.DOUBLE, "a double", 1.5), (TType.BOOL, "a bool", True),
                                        (TType.LIST, "a list", [1, 2]), (TType.STRUCT, "a struct", empty)))]
        for node, form in itertools.product(self.nodes[:1], client.FORMS):
            with RawConnection(node.port, form) as connection:
                for prefix, text, method, arguments in cases:
                    connection.send(request(method, arguments).encode(form, 17))
                    failure = self.assert_fails(prefix, TApplicationException.PROTOCOL_ERROR,
                                                lambda method=method: connection.reply(request(method)))
                    self.assertEqual(failure.sequence, 17)
                    self.assertEqual(failure.message, f"{prefix}counter:{method}: {text}")
                self.assertEqual(connection.call(request("value", name="x")).success, 0)

    def test_a_oneway_call_without_a_key_costs_nothing(self):
        for form in client.FORMS:
            with RawConnection(self.nodes[0].port, form) as connection:
                connection.send(request("bump", Fields(), oneway=True).encode(form))
                self.assertEqual(connection.call(request("value", name="x"), 3).success, 0)

    def test_a_node_that_was_passed_a_call_answers_or_disagrees_and_never_passes_it_on(self):
        asked, owner, _ = self.nodes
        message = request("where", name=self.keys_of(owner, 1)[0])
        message.name = "where"
        plain = message.encode(client.CLASSIC)
        before = [node.status().forwarded for node in self.nodes]

        def passed_on(node):
            return client.call(node.port, "forward", 0, 1, "counter", Encoding.strict_binary, plain, interface=Peer,
                               service="Peer")

        self.assertEqual(passed_on(owner).status, ForwardStatus.answered)
        self.assertEqual(passed_on(asked).status, ForwardStatus.view_differs)
        self.assertEqual([node.status().forwarded for node in self.nodes], before)


class ChangingTest(RouteTest):
    CALL_TIMEOUT = 3.0

    def setUp(self):
        super().setUp()
        self.nodes = self.counters(3, *settings.patient(f"host.call_timeout={self.CALL_TIMEOUT:g}s"))
        self.asked, self.owner, self.third = self.nodes
        self.name = self.keys_of(self.owner, 1)[0]

    def forwarded(self):
        return self.asked.status().forwarded

    def open_connections(self):
        """Each I/O thread of the asked node has one to the owner: what waits for its opening has surely not been executed."""
        for _ in range(2 * os.cpu_count()):
            counter(self.asked, "value", self.name)

    def test_a_call_whose_answer_is_lost_is_not_made_twice(self):
        self.assertEqual(counter(self.asked, "increment", self.name, 1), 1)
        self.open_connections()
        before = self.forwarded()
        self.owner.freeze()
        self.assert_fails(UNKNOWN_OUTCOME, TApplicationException.INTERNAL_ERROR,
                          lambda: counter(self.asked, "increment", self.name, 1))
        self.assertEqual(self.forwarded(), before + 1)
        self.owner.thaw()
        self.wait_for_network(self.nodes)
        # It lay in the socket of the frozen node, and was executed: once.
        wait_for_equal("the frozen node's count", 2, lambda: counter(self.asked, "value", self.name))

    def test_a_repeatable_call_is_made_again_until_it_is_answered(self):
        counter(self.asked, "increment", self.name, 5)
        before = self.forwarded()
        self.owner.freeze()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(counter(self.asked, "value", self.name)))
        asking.start()
        wait_until("the second try", lambda: self.forwarded() > before + 1)
        self.owner.thaw()
        asking.join()
        self.assertEqual(answers, [5])

    def test_a_repeatable_call_that_nobody_answers_has_an_unknown_outcome(self):
        self.open_connections()
        self.owner.freeze()
        self.assert_fails(UNKNOWN_OUTCOME, TApplicationException.INTERNAL_ERROR,
                          lambda: counter(self.asked, "value", self.name))

    def test_calls_in_hand_of_a_killed_node_are_made_again_only_where_they_are_repeatable(self):
        self.open_connections()
        before = self.forwarded()
        self.owner.freeze()
        outcomes = {}

        def ask(method, *arguments):
            try:
                outcomes[method] = counter(self.asked, method, self.name, *arguments)
            except TApplicationException as failure:
                outcomes[method] = failure.message

        asking = [threading.Thread(target=ask, args=("increment", 1)), threading.Thread(target=ask, args=("value",))]
        # One after the other: a repeatable call is passed on more than once.
        for number, one in enumerate(asking, 1):
            one.start()
            wait_until("it was passed on", lambda: self.forwarded() >= before + number)
        self.owner.kill()
        for one in asking:
            one.join()
        self.assertTrue(outcomes["increment"].startswith(UNKNOWN_OUTCOME), outcomes)
        self.assertEqual(outcomes["value"], 0)
        self.wait_for_network([self.asked, self.third])
        self.assertEqual(counter(self.third, "value", self.name), 0)

    def test_keys_of_a_killed_node_are_served_by_the_next_one_within_a_call(self):
        self.owner.kill()
        for node in (self.asked, self.third):
            # A call that had waited for the one that is gone until its timeout would end as a fault.
            self.assertIn(counter(node, "where", self.name), (self.asked.name, self.third.name))

    def test_an_owner_without_the_service_is_a_typed_error(self):
        self.end([self.owner])
        self._nodes.remove(self.owner)
        self.wait_for_network([self.asked, self.third])
        other = self.next_node(*PLUGINS, "--set", "services.counter.enabled=false", config=CONFIG).start()
        self.wait_for_network([self.asked, self.third, other])
        names = [node.name for node in (self.asked, self.third, other)]
        name = keys_owned_by(other.name, names, 1)[0]
        failure = self.assert_fails(NOT_EXECUTED, TApplicationException.INTERNAL_ERROR,
                                    lambda: counter(self.asked, "value", name))
        self.assertIn(other.name, failure.message)

    def test_while_nodes_join_and_leave_every_call_is_answered_and_none_goes_in_circles(self):
        stop = threading.Event()
        failures = []
        counts = [0] * 3

        def ask(number, node):
            try:
                with client.connect(node.port, Counter, "counter", client.FORMS[number]) as connection:
                    while not stop.is_set():
                        name = f"name-{counts[number] % 97}"
                        connection.where(name)
                        connection.increment(name, 1)
                        counts[number] += 2
            except Exception as failure:  # pylint: disable=broad-except
                failures.append((node.name, repr(failure)))

        askers = [threading.Thread(target=ask, args=(number, node)) for number, node in enumerate(self.nodes)]
        for asker in askers:
            asker.start()
        try:
            joined = [self.next_node(*PLUGINS, config=CONFIG) for _ in range(2)]
            for node in joined:
                node.start()
            self.wait_for_network([*self.nodes, *joined])
            for node in joined:
                node.leave()
            self.wait_for_network(self.nodes)
        finally:
            stop.set()
            for asker in askers:
                asker.join()
        self.assertEqual(failures, [])
        self.assertTrue(all(counts), counts)
        # Nobody whose own calls are known passes on more than those and the tries that a change of view has cost; calls
        # that went in circles would multiply.
        forwarded = sum(node.status().forwarded for node in self.nodes)
        self.assertLess(forwarded, 2 * sum(counts))
        for node, name in itertools.product(self.nodes, (f"name-{number}" for number in range(97))):
            self.assertEqual(counter(node, "where", name), client.owner(node.port, name))


class ConfigurationTest(RouteTest):
    def setUp(self):
        super().setUp()
        self.config = self.temporary_folder() / "counter.toml"

    def configure(self, *lines):
        self.config.write_text("[services.locator]\n[services.counter]\n[services.counter.route]\n" +
                               "".join(line + "\n" for line in lines))

    def check(self, *lines):
        """The lines with a place that --check prints, without the folder."""
        self.configure(*lines)
        checked = run_p2phost("--config", self.config, "--check", *PLUGINS)
        found = [line.removeprefix(str(self.config) + ":") for line in (checked.stdout + checked.stderr).splitlines()
                 if line.startswith(str(self.config))]
        return checked.returncode, found

    WARNING = ("3:19: warning: services.counter.route: plugin 'counter' does not say that it moves its state "
               "(P2P_MOVES_STATE): what a node keeps for a key stays there when another node becomes the key's owner")

    def test_a_good_route_warns_that_state_stays(self):
        self.assertEqual(self.check("increment = 1", 'order = "1.3"', '"*" = "here"'), (0, [self.WARNING]))

    def test_mistakes_are_told_with_their_place_and_what_was_meant(self):
        code, lines = self.check(
            "incremnt = 1", "value = 2", 'order = "1.2"', 'bump = "nmae"', 'where = "hre"', "ping = 1",
            'total = { repeatable = true }', 'clear = { kye = 1 }', '"*" = 1', 'increment = "1.3"')
        self.assertEqual(code, 78)
        self.assertEqual(lines, [
            self.WARNING,
            "4:1: error: services.counter.route.incremnt: the service has no method 'incremnt'; did you mean "
            "'increment'?",
            "5:9: error: services.counter.route.value names field 2, which is not there; there are 1 (name)",
            "6:9: error: services.counter.route.order names field 1.2, which is not there; there are 1 (item), "
            "3 (customer)",
            "7:8: error: services.counter.route.bump names the field 'nmae', which is not there; did you mean 'name'?",
            "8:9: error: services.counter.route.where must be the field that holds the key, by its name or its id, as "
            "\"name\", 1, \"1.3\" for field 3 of the struct in field 1, \"here\", \"any\" or \"refused\", not 'hre'; did "
            "you mean 'here'?",
            "9:1: error: services.counter.route.ping cannot be routed: it speaks of one node, and always runs on the "
            "node that was asked",
            "10:1: error: services.counter.route.total has no 'key'",
            "11:1: error: services.counter.route.clear has no 'key'",
            "11:11: error: unknown key 'services.counter.route.clear.kye'; did you mean "
            "'services.counter.route.clear.key'?",
            "12:7: error: services.counter.route.* must be \"here\", \"any\" or \"refused\", not '1'",
            "13:13: error: services.counter.route.increment names field 1, 'name', which is of type string and holds "
            "no further fields"])

    def test_a_field_may_be_named_and_its_name_is_its_id(self):
        self.configure('increment = "name"', 'order = "order.customer"', 'value = { key = "name", repeatable = true }')
        printed = run_p2phost("--config", self.config, "--print-config", *PLUGINS).stdout
        for line in ("increment = 1 ", 'order = "1.3" ', "value = { key = 1, repeatable = true } "):
            self.assertIn("\n" + line, printed)
        node = self.node(*PLUGINS, "--set", "services.locator.config.discover=none", config=self.config).start()
        self.assertEqual(counter(node, "increment", "name", 4), 4)
        self.configure("increment = 1", 'order = "1.3"', "value = { key = 1, repeatable = true }")
        self.assertIn("nothing to change", node.ctl("reload").stdout)
        self.configure('increment = "nmae"')
        refused = node.ctl("reload")
        self.assertEqual(refused.returncode, 5)
        self.assertIn("names the field 'nmae', which is not there; did you mean 'name'?", refused.stdout + refused.stderr)

    def test_a_struct_or_a_collection_cannot_be_a_key(self):
        self.assertEqual(self.check("order = 1"), (78, [
            self.WARNING,
            "4:9: error: services.counter.route.order names field 1, 'order', which is of type Order: a key is a string, "
            "a binary or an integer; in it there are 1 (item), 3 (customer)"]))

    def test_a_route_without_a_locator_is_refused(self):
        self.configure("value = 1")
        self.config.write_text(self.config.read_text().replace("[services.locator]\n", ""))
        checked = run_p2phost("--config", self.config, "--check", *PLUGINS)
        self.assertEqual(checked.returncode, 78)
        self.assertIn("services.counter requires p2p.locator.ILocator/3, which no enabled service provides; add "
                      "[services.locator]", checked.stderr)

    def test_the_printed_configuration_is_the_one_in_force(self):
        self.configure("increment = 1", 'order = "1.3"', "value = { key = 1, repeatable = true }", 'total = "any"')
        printed = run_p2phost("--config", self.config, "--print-config", *PLUGINS).stdout
        lines = [line.split("  # ")[0] for line in printed.split("[services.counter.route]\n")[1].splitlines()]
        self.assertEqual(lines[:5], ["increment = 1", 'order = "1.3"', 'total = "here"',
                                     "value = { key = 1, repeatable = true }", '"*" = "refused"'])

    def test_a_reload_changes_the_route_of_a_service_that_runs_on(self):
        self.configure("increment = 1", "value = 1")
        node = self.node(*PLUGINS, "--set", "services.locator.config.discover=none", config=self.config).start()
        self.assertEqual(counter(node, "increment", "name", 4), 4)
        self.assert_fails(UNROUTABLE, TApplicationException.UNKNOWN_METHOD, lambda: counter(node, "total"))
        self.configure("increment = 1", 'total = "here"')
        answer = node.ctl("reload")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("services.counter.route: ", answer.stdout)
        self.assertEqual(counter(node, "total"), 4)
        self.assert_fails(UNROUTABLE, TApplicationException.UNKNOWN_METHOD, lambda: counter(node, "value", "name"))
        self.config.write_text("[services.locator]\n[services.counter]\n")
        self.assertEqual(node.ctl("reload").returncode, 0)
        self.assertEqual(counter(node, "value", "name"), 4)


if __name__ == "__main__":
    unittest.main()
