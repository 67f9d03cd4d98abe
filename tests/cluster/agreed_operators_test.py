"""What operators see and do in an agreed cluster: p2pctl members, map, agreement, plan, watch, remove and weight. `why` is in
agreed_store_test."""
import json
import subprocess
import unittest

from harness import client, settings
from harness.agreed import FEW, AgreedTest, identities
from harness.ports import free_port
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from cluster_view import ClusterAdmin
from cluster_view.ttypes import Refused

DONE, NO, USAGE, FAILED = 0, 1, 2, 5
COPIES = ("--set", "services.locator.config.copies=2")


class OperatorsCase(AgreedTest):
    def nodes_of(self, count, *arguments):
        nodes = self.cluster(count, *FEW, *arguments)
        self.wait_until_settled(nodes[0], count)
        return nodes

    def run_ctl(self, node, *words):
        place = ["--node", node.name, "--admin", str(node.data_dir / "admin.sock")]
        ended = subprocess.run([str(settings.P2PCTL), *place, *words], capture_output=True, text=True, check=False,
                               stdin=subprocess.DEVNULL, timeout=60 * settings.PATIENCE)
        return ended.returncode, ended.stdout, ended.stderr

    def answer(self, node, *words, code=DONE):
        ended, output, errors = self.run_ctl(node, *words)
        self.assertEqual(ended, code, output + errors)
        return output if code in (DONE, NO) else errors

    def document(self, node, *words, code=DONE):
        return json.loads(self.answer(node, "--json", *words, code=code))

    def is_settled(self, node, members):
        """Everything is in sync and balanced, and every voter that there can be votes."""
        shown = self.document(node, "map")
        up = [member for member in shown["members"] if member["state"] == "up"]
        voters = 5 if members >= 5 else 3 if members >= 3 else 1
        return (len(up) == len(shown["members"]) == members and shown["under_replicated"] == 0
                and sum(member["learners"] for member in up) == 0
                and sum(member["voter"] for member in up) == voters
                and self.document(node, "plan", f"+127.0.0.1:{free_port()}")["under_way"] == 0)

    def wait_until_settled(self, node, members):
        wait_until(f"{members} members hold what they are to hold", lambda: self.is_settled(node, members), 60)

    def partitions(self, node):
        shown = self.document(node, "map", "--partitions")
        return {one["partition"]: (one["primary"], frozenset(one["in_sync"])) for one in shown["partition_list"]}

    def as_planned(self, before, plan):
        after = {number: (primary, set(copies)) for number, (primary, copies) in before.items()}
        for move in plan["copies"]:
            after[move["partition"]][1].discard(move["from"])
            if move["to"]:
                after[move["partition"]][1].add(move["to"])
        for move in plan["primaries"]:
            self.assertEqual(after[move["partition"]][0], move["from"])
            after[move["partition"]] = (move["to"], after[move["partition"]][1])
        return {number: (primary, frozenset(copies)) for number, (primary, copies) in after.items()}


class AgreedOperatorsTest(OperatorsCase):
    # --- what they see ---

    def test_members_map_and_agreement_show_what_there_is(self):
        nodes = self.nodes_of(3)
        members = self.document(nodes[1], "members")
        self.assertEqual([member["address"] for member in members["members"]], sorted(node.name for node in nodes))
        by_address = {member["address"]: member for member in members["members"]}
        for node in nodes:
            self.assertEqual(by_address[node.name]["id"], identities(node)[0][0])
            self.assertEqual(by_address[node.name]["state"], "up")
        self.assertIn("3 of 3 members are up", self.answer(nodes[0], "members"))
        shown = self.document(nodes[0], "map", "--partitions")
        self.assertEqual((shown["partitions"], shown["complete"], shown["under_replicated"]), (64, 64, 0))
        self.assertEqual(len(shown["partition_list"]), 64)
        self.assertAlmostEqual(sum(member["share"] for member in shown["members"]), 1)
        self.assertIn("peak over average", self.answer(nodes[0], "map"))
        # A primary that has just been handed over leaves its former one without a lease for a moment.
        wait_until("all is well", lambda: self.run_ctl(nodes[2], "agreement")[0] == DONE)
        agreed = self.document(nodes[2], "agreement")
        self.assertEqual((agreed["agree"], agreed["members"], agreed["healthy"]), (3, 3, True))
        self.assertEqual(agreed["voters_down"], [])

    def test_agreement_names_who_is_down(self):
        nodes = self.nodes_of(3)
        nodes[2].kill()
        self.wait_for_network(nodes[:2])
        agreed = self.document(nodes[0], "agreement", code=NO)
        self.assertEqual((agreed["members"], agreed["down"], agreed["majority"]), (2, [nodes[2].name], True))
        self.assertIn(f"down       {nodes[2].name}", self.answer(nodes[1], "agreement", code=NO))

    def test_agreement_names_who_is_silent(self):
        nodes = self.nodes_of(3)
        nodes[2].freeze()
        try:
            agreed = self.document(nodes[0], "agreement", "--timeout", "500ms", code=NO)
        finally:
            nodes[2].thaw()
        told = [one["node"] for one in agreed["silent"]] + agreed["down"]
        self.assertEqual(told, [nodes[2].name])

    def test_a_node_of_classic_mode_has_members_and_a_map_but_no_plan(self):
        node = self.node("--set", "services.locator.config.mode=classic", "--set",
                         "services.locator.config.discover=none").start()
        self.assertEqual(self.document(node, "members"), {"members": [node.name]})
        self.assertEqual(self.document(node, "map")["members"], [{"node": node.name, "share": 1.0}])
        for words in (["plan", "+127.0.0.1:1"], ["why", "key"]):
            self.assertIn("is of no agreed cluster", self.answer(node, *words, code=FAILED))

    def test_without_a_store_why_tells_where_a_key_would_be(self):
        nodes = self.nodes_of(2)
        told = self.document(nodes[0], "why", "key", code=NO)
        self.assertIn(told["primary"], [node.name for node in nodes])
        self.assertTrue(told["lease"]["holds"])
        self.assertEqual((told["found"], told["version"]), (None, None))
        self.assertIn("diststore", told["read_error"])

    def test_a_node_of_an_agreed_cluster_says_that_it_has_no_receipts(self):
        node = self.node("--set", "services.locator.config.discover=none", config=settings.STORE_CONFIG).start()
        self.assertIn("has no receipts: `p2pctl map`", self.answer(node, "receipts", code=FAILED))

    # --- plan ---

    def test_a_plan_that_makes_no_sense_is_refused(self):
        nodes = self.nodes_of(2)
        self.assertIn("no member has the address", self.answer(nodes[0], "plan", "-127.0.0.1:1", code=FAILED))
        self.assertIn("is the address of another member", self.answer(nodes[0], "plan", f"+{nodes[1].name}", code=FAILED))
        for words in (["sideways"], ["weight", nodes[0].name], ["weight", f"{nodes[0].name}=x"], []):
            self.answer(nodes[0], "plan", *words, code=USAGE)
        self.assertIn("copies and", self.answer(nodes[0], "plan", f"+127.0.0.1:{free_port()}"))

    # --- watch ---

    def watcher(self, node, *words):
        process = subprocess.Popen([str(settings.P2PCTL), "--node", node.name, "--json", "watch", *words],
                                   stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_watch_tells_of_a_death_and_a_return(self):
        nodes = self.nodes_of(3)
        epoch = self.document(nodes[0], "members")["epoch"]
        watcher = self.watcher(nodes[0], "--after", str(epoch))
        nodes[2].kill()
        event = json.loads(watcher.stdout.readline())
        self.assertEqual((event["event"], event["node"]), ("down", nodes[2].name))
        self.assertGreater(event["epoch"], epoch)
        nodes[2].start()
        self.wait_until_settled(nodes[0], 3)
        kinds = set()
        while not {"up", "copies_added"} <= kinds:
            kinds.add(json.loads(watcher.stdout.readline())["event"])
        told = self.answer(nodes[1], "watch", "--after", str(epoch), "--count", "1")
        self.assertIn(f"{nodes[2].name} is down", told)

    # --- remove, weight ---

    def test_a_dead_member_is_removed_at_once(self):
        nodes = self.nodes_of(4)
        identity = identities(nodes[3])[0][0]
        self.assertIn("is up: stop it, or let it leave", self.answer(nodes[0], "remove", nodes[3].name, code=FAILED))
        nodes[3].kill()
        self.wait_for_network(nodes[:3])
        self.assertIn("is a member no more", self.answer(nodes[1], "remove", identity[:8]))
        self.wait_until_settled(nodes[0], 3)

    def test_a_dead_voter_of_three_is_removed_too(self):
        nodes = self.nodes_of(3)
        nodes[0].kill()
        self.wait_for_network(nodes[1:])
        self.answer(nodes[1], "remove", nodes[0].name)
        self.wait_until_settled(nodes[1], 2)
        nodes[0].start()
        self.wait_until_settled(nodes[1], 3)

    def test_a_weight_is_kept_over_a_restart_and_out_of_range_refused(self):
        nodes = self.nodes_of(4)
        self.answer(nodes[0], "weight", nodes[1].name, "20")
        nodes[1].kill()
        nodes[1].start()
        members = {member["address"]: member["weight"] for member in self.document(nodes[2], "members")["members"]}
        self.assertEqual(members[nodes[1].name], 20)
        self.answer(nodes[0], "weight", nodes[1].name, "20")
        self.answer(nodes[0], "weight", nodes[1].name, "10001", code=USAGE)
        self.answer(nodes[0], "weight", "127.0.0.1:1", "10", code=FAILED)

    def test_what_changes_the_cluster_is_not_served_on_the_port(self):
        node = self.lonely_node()
        with self.assertRaises(TApplicationException) as refused:
            client.call(node.port, "remove", "127.0.0.1:1", interface=ClusterAdmin, service="locator.admin")
        self.assertIn("p2p:unknown", refused.exception.message)
        with client.connect_admin(str(node.data_dir / "admin.sock"), ClusterAdmin, "locator.admin") as admin:
            with self.assertRaises(Refused):
                admin.remove("127.0.0.1:1")


class AgreedPlanTest(OperatorsCase):
    def test_what_is_planned_for_a_join_a_weight_and_a_leave_is_what_happens(self):
        nodes = self.nodes_of(4)
        before = self.partitions(nodes[0])
        port = free_port()
        planned = self.as_planned(before, self.document(nodes[1], "plan", f"+127.0.0.1:{port}"))
        fifth = self.node(*FEW, "--join", nodes[0].name, port=port).start()
        self.wait_until_settled(nodes[0], 5)
        self.assertEqual(self.partitions(nodes[0]), planned)

        planned = self.as_planned(planned, self.document(fifth, "plan", "weight", f"{nodes[1].name}=50"))
        self.assertIn("has weight 50", self.answer(nodes[2], "weight", nodes[1].name, "50"))
        self.wait_until_settled(nodes[0], 5)
        self.assertEqual(self.partitions(nodes[0]), planned)

        plan = self.document(nodes[2], "plan", f"-{nodes[3].name}")
        self.assertEqual([member["copies_after"] for member in plan["members"] if member["address"] == nodes[3].name],
                         [0])
        planned = self.as_planned(planned, plan)
        nodes[3].leave()
        self.wait_until_settled(nodes[0], 4)
        self.assertEqual(self.partitions(nodes[0]), planned)

    def test_what_is_planned_for_a_zone_is_what_happens(self):
        config = self.temporary_folder() / "node.toml"
        config.write_text("[services.locator]\n[services.locator.config]\nzone = 'attic'\n")
        in_zone = "services.locator.config.zone="
        nodes = [*self.cluster(2, *FEW, *COPIES, "--set", f"{in_zone}attic"),
                 self.next_node(*FEW, *COPIES, "--set", f"{in_zone}cellar").start(),
                 self.next_node(*FEW, *COPIES, config=config).start()]
        self.wait_until_settled(nodes[0], 4)
        before = self.partitions(nodes[0])
        plan = self.document(nodes[1], "plan", "zone", f"{nodes[3].name}=cellar")
        self.assertGreater(len(plan["copies"]), 0, "copies are to be in both zones")
        self.assertEqual(self.document(nodes[1], "plan", "zone", f"{nodes[3].name}=attic")["copies"], [])
        self.assertIn("is not of the form NODE=ZONE", self.answer(nodes[1], "plan", "zone", nodes[3].name, code=USAGE))
        config.write_text(config.read_text().replace("attic", "cellar"))
        self.assertIn("service locator works by its new configuration", self.answer(nodes[3], "reload"))
        wait_until("the map has the zone", lambda: self.answer(nodes[0], "members").count("cellar") == 2)
        self.wait_until_settled(nodes[0], 4)
        self.assertEqual(self.partitions(nodes[0]), self.as_planned(before, plan))


if __name__ == "__main__":
    unittest.main()
