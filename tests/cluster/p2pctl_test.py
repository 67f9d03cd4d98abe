"""The operator's command does what it says, and its exit codes can be scripted."""
import json
import re
import subprocess
import unittest

from harness import address, client, settings
from harness.case import ALONE, ClusterTest
from harness.classic_ring import ClassicRing, keys_owned_by
from harness.ports import free_port

DONE, NO, USAGE, NO_NODE, FAILED = 0, 1, 2, 3, 5

# Where p2pctl looks for a node when none is named.
DISCOVERY_PORTS = range(9900, 9910)


def p2pctl(*arguments, node=None):
    """Runs p2pctl to its end: exit code, standard output, standard error."""
    place = [] if node is None else ["--node", node.name]
    ended = subprocess.run([str(settings.P2PCTL), *place, *arguments], capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=20 * settings.PATIENCE)
    return ended.returncode, ended.stdout, ended.stderr


class P2pctlTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.cluster(3)
        self.names = [node.name for node in self.nodes]

    def answer(self, *arguments, node=None, code=DONE):
        """The standard output of a run that ends with `code`."""
        ended, output, errors = p2pctl(*arguments, node=node or self.nodes[0])
        self.assertEqual(ended, code, output + errors)
        return output

    def document(self, *arguments, node=None, code=DONE):
        """The one line of JSON that a run with --json prints."""
        output = self.answer("--json", *arguments, node=node, code=code)
        self.assertEqual(output.count("\n"), 1, output)
        return json.loads(output)

    def test_what_is_put_through_one_node_is_got_and_deleted_through_another(self):
        for number, key in enumerate(key for name in self.names for key in keys_owned_by(name, self.names, 1)):
            self.answer("put", key, f"value {number}")
            self.assertEqual(self.answer("get", key, node=self.nodes[2]), f"value {number}\n")
            self.answer("delete", key, node=self.nodes[1])
            self.assertEqual(self.answer("get", key, code=NO), "")
            self.answer("delete", key, code=NO)

    def test_an_empty_value_is_found_and_a_missing_one_is_not(self):
        self.answer("put", "empty", "")
        self.assertEqual(self.answer("get", "empty"), "\n")
        self.assertEqual(self.document("get", "empty")["found"], True)
        self.assertEqual(self.document("get", "missing", code=NO), {"key": "missing", "found": False})

    def test_cas_says_that_it_needs_an_agreed_cluster(self):
        for expected in ("absent", "3.17"):
            code, output, errors = p2pctl("cas", "key", expected, "value", node=self.nodes[0])
            self.assertEqual((code, output), (FAILED, ""))
            self.assertIn("classic mode", errors)
            self.assertIn("nothing was changed", errors)
        self.answer("get", "key", code=NO)
        self.answer("cas", "key", "seventeen", "value", code=USAGE)

    def test_scan_says_that_it_needs_an_agreed_cluster(self):
        code, output, errors = p2pctl("scan", node=self.nodes[0])
        self.assertEqual((code, output), (FAILED, ""))
        self.assertIn("classic mode", errors)
        self.answer("scan", "--limit", "0", code=USAGE)

    def test_verify_finds_all_that_prime_stored_and_names_who_should_have_a_missing_one(self):
        self.answer("prime")
        self.assertIn("found 26 of 26", self.answer("verify", node=self.nodes[1]))
        self.answer("delete", "Q")
        output = self.answer("verify", node=self.nodes[2], code=NO)
        self.assertIn("found 25 of 26", output)
        self.assertIn(f"Q is missing; {ClassicRing(self.names).owner('Q')} should have it", output)
        self.assertEqual(self.document("verify", code=NO)["found"], 25)

    def test_members_and_locate_and_ring_agree_with_the_classic_rules(self):
        ring = ClassicRing(self.names)
        for node in self.nodes:
            self.assertEqual(self.answer("members", node=node).split(), self.names)
            self.assertEqual(self.document("members", node=node), {"members": self.names})
            for key in ("a", "Zulu", ""):
                self.assertEqual(self.answer("locate", key, node=node), ring.owner(key) + "\n")
        self.assertEqual(self.document("locate", "a"), {"key": "a", "owner": ring.owner("a")})
        shares = {row["node"]: row["share"] for row in self.document("ring")["members"]}
        self.assertEqual(sorted(shares), self.names)
        self.assertAlmostEqual(sum(shares.values()), 1)

    def test_status_shows_state_keys_calls_and_view(self):
        self.answer("prime")
        documents = [self.document("status", node=node) for node in self.nodes]
        for node, shown in zip(self.nodes, documents):
            self.assertEqual((shown["node"], shown["state"], shown["members"]), (node.name, "ready", 3))
            self.assertEqual(shown["pid"], node.process.pid)
        self.assertEqual(len({shown["view"] for shown in documents}), 1)
        stores = [service for shown in documents for service in shown["services"] if service["name"] == "diststore"]
        self.assertEqual(sum(store["gauges"]["keys"] for store in stores), 26)
        text = self.answer("status")
        for expected in (self.names[0], "ready", "3 members", "keys", "calls"):
            self.assertIn(expected, text)

    def test_receipts_of_both_sides_tell_the_same(self):
        self.assertEqual(self.document("receipts"), {"receipts": []})
        self.assertIn("nothing has moved", self.answer("receipts"))
        self.answer("prime")
        gone, stayer = self.nodes[1], self.nodes[0]
        held = gone.gauge("keys")
        self.assertEqual(self.document("leave", node=gone)["complete"], True)
        gone.wait()
        theirs = [receipt for node in (self.nodes[0], self.nodes[2]) for receipt in node.receipts()]
        ours = [json.loads(line) for line in (gone.data_dir / "diststore.receipts.jsonl").read_text().splitlines()]
        self.assertEqual(sum(receipt["keys"] for receipt in theirs), held)
        facts = ("session", "donor", "receiver", "view", "keys", "kept", "bytes", "digest_before", "digest_after", "complete")
        self.assertEqual(sorted([receipt[fact] for fact in facts] for receipt in theirs),
                         sorted([receipt[fact] for fact in facts] for receipt in ours))
        shown = self.answer("receipts", node=stayer)
        for receipt in stayer.receipts():
            self.assertIn(receipt["digest_after"], shown)
            self.assertIn("agreed", shown)

    def test_ping_and_services_answer(self):
        self.assertIn("ready", self.answer("ping"))
        self.assertEqual(self.document("ping")["state"], "ready")
        services = {service["name"]: service["idl"] for service in self.document("services")["services"]}
        self.assertEqual(services, {"locator": "locator.Locator", "diststore": "diststore.Store"})
        self.assertIn("diststore.Store", self.answer("services"))

    def test_leave_hands_over_and_stop_does_not(self):
        self.answer("prime")
        self.assertIn("has handed over what it held", self.answer("leave", node=self.nodes[1]))
        self.assertEqual(self.nodes[1].wait(), 0)
        rest = [self.nodes[0], self.nodes[2]]
        self.wait_for_network(rest)
        self.assertIn("found 26 of 26", self.answer("verify"))
        lost = self.nodes[2].gauge("keys")
        self.answer("--admin", str(self.nodes[2].data_dir / "admin.sock"), "stop")
        self.assertEqual(self.nodes[2].wait(), 0)
        self.wait_for_network(rest[:1])
        self.assertEqual(self.document("verify", code=NO if lost else DONE)["found"], 26 - lost)


class P2pctlExitCodeTest(ClusterTest):
    def test_a_leave_that_does_not_end_in_time_says_so_and_how_many_keys_stayed(self):
        # Its only heir is frozen: nobody takes the keys.
        leaver, heir = self.cluster(2, "--set", "host.drain_timeout=300ms")
        client.write(leaver.port, keys_owned_by(leaver.name, [leaver.name, heir.name], 1)[0], "kept")
        heir.freeze()
        ended, output, errors = p2pctl("--json", "leave", node=leaver)
        self.assertEqual(ended, NO, output + errors)
        left = json.loads(output)
        self.assertEqual(left["unfinished"], ["locator"])
        self.assertEqual(len(left["left_behind"]), 1)
        self.assertEqual(leaver.wait(), 69)
        self.assertRegex(leaver.log(), rf"leaves behind 1 of 1 keys \(\d+ bytes\), which {re.escape(heir.name)} should have got")

    def test_nobody_reached_is_three(self):
        for verb in (["ping"], ["get", "a"], ["put", "a", "b"], ["members"], ["status"], ["leave"]):
            code, output, errors = p2pctl("--node", address.here(free_port()), *verb)
            self.assertEqual((code, output), (NO_NODE, ""), verb)
            self.assertTrue(errors)

    def test_a_node_that_does_not_answer_is_three(self):
        node = self.lonely_node()
        node.freeze()
        self.assertEqual(p2pctl("--timeout", "200ms", "ping", node=node)[0], NO_NODE)

    def test_unknown_and_missing_words_are_two(self):
        for words in ([], ["fly"], ["put", "a"], ["get"], ["get", "a", "b"], ["--node", "nowhere", "ping"],
                      ["--timeout", "soon", "ping"]):
            self.assertEqual(p2pctl(*words)[0], USAGE, words)

    def test_an_unknown_verb_is_named(self):
        for word in ("fly", "membres"):
            self.assertIn(f"there is no verb '{word}'", p2pctl("--json", word)[2])
        self.assertIn("did you mean 'members'?", p2pctl("membres")[2])

    def test_help_and_version_are_no_mistakes(self):
        self.assertEqual(p2pctl("--help")[0], DONE)
        self.assertRegex(p2pctl("--version")[1], r"\d+\.\d+\.\d+")

    def test_the_store_verbs_say_so_when_the_node_has_no_store(self):
        node = self.lonely_node("--set", "services.diststore.enabled=false")
        for words in (["get", "a"], ["delete", "a"], ["put", "a", "b"], ["verify"]):
            code, output, errors = p2pctl(*words, node=node)
            self.assertEqual((code, output), (FAILED, ""), words)
            self.assertIn("disabled", errors)

    def test_what_a_node_refuses_or_fails_at_is_not_the_code_of_a_missing_key(self):
        node = self.lonely_node("--set", "services.diststore.config.value_bytes_max=1KiB")
        code, _, errors = p2pctl("put", "a", "b" * 2000, node=node)
        self.assertEqual(code, FAILED)
        self.assertIn("; nothing was changed", errors)
        for words in (["enable", "nobody"], ["disable", "nobody"]):
            self.assertEqual(p2pctl(*words, node=node)[0], FAILED, words)
        self.assertEqual(p2pctl("get", "a", node=node)[0], NO)

    def test_without_a_name_the_first_node_on_this_machine_is_asked(self):
        # Others may use these ports: a cluster of its own name keeps their nodes away from ours.
        ours = self.start_on_a_discovery_port()
        code, output, errors = p2pctl("--json", "ping")
        self.assertEqual(code, DONE, output + errors)
        port = address.split_name(json.loads(output)["node"])[1]
        self.assertLessEqual(port, ours.port)

    def start_on_a_discovery_port(self):
        for port in DISCOVERY_PORTS:
            node = self.node(*ALONE, "--set", "host.cluster=p2pctl-test", port=port)
            try:
                return node.start()
            except AssertionError:
                continue  # taken
        self.fail(f"all of the ports {DISCOVERY_PORTS} are taken: what p2pctl finds there cannot be tested")


if __name__ == "__main__":
    unittest.main()
