"""What a member of an agreed cluster says of itself, to the others, and what strangers may do."""
import json
import pathlib
import re
import shutil
import signal
import tempfile
import unittest

from harness import client, settings
from harness.agreed import AgreedTest, identities
from harness.ports import free_port
from harness.raw import RawConnection, Request
from harness.seed_process import SeedProcess
from harness.waiting import wait_for_equal, wait_until
from thrift.Thrift import TApplicationException

from cluster import Cluster
from cluster.ttypes import Boot, Sender
from counter import Counter
from locator import Locator
from locator.ttypes import Location
from peer import Peer
from peer.ttypes import Encoding, ForwardStatus
from work import Work

FEW = ("--set", "services.locator.config.partitions=64")
PLUGINS = ("--plugin-dir", settings.EXAMPLE_PLUGINS)
COUNTER_CONFIG = settings.EXAMPLES / "counter" / "counter.toml"
KEYS = [f"key-{number}" for number in range(40)]


def count(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Counter, service="counter")


def work(node, method, *arguments):
    return client.call(node.port, method, *arguments, interface=Work, service="work", seconds=30)


class MembersCase(AgreedTest):
    def ctl(self, node, *words):
        ended = node.ctl(*words)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended.stdout

    def members(self, node):
        """By address, as `p2pctl members` shows them."""
        shown = json.loads(self.ctl(node, "--json", "members"))
        return {member["address"]: member for member in shown["members"]}

    def level(self, node):
        return json.loads(self.ctl(node, "--json", "members"))["level"]

    def wait_for_member(self, node, name, **wanted):
        def shown():
            return {key: self.members(node).get(name, {}).get(key) for key in wanted}

        wait_for_equal(f"{node.name} shows {name}", wanted, shown)

    def own_config(self, text):
        """A configuration of the test's own, which it may change."""
        folder = tempfile.mkdtemp(prefix="p2phost-test-")
        self.addCleanup(shutil.rmtree, folder)
        path = pathlib.Path(folder, "node.toml")
        path.write_text(text)
        return path


class RunningServicesTest(MembersCase):
    """M6: who owns a key for a service follows what runs."""

    def counters(self, number):
        return self.cluster(number, *FEW, *PLUGINS, config=COUNTER_CONFIG)

    def runs_at(self, node, key):
        return count(node, "where", key)

    def test_a_service_that_is_disabled_is_asked_for_elsewhere_and_comes_back(self):
        nodes = self.counters(3)
        names = {node.name for node in nodes}
        wait_until("keys lie at every node", lambda: {self.runs_at(nodes[0], key) for key in KEYS} == names)
        report = self.ctl(nodes[2], "disable", "counter")
        self.assertNotIn("does not show", report)
        self.wait_for_member(nodes[0], nodes[2].name, services=["locator"])
        for key in KEYS:
            self.assertNotEqual(self.runs_at(nodes[0], key), nodes[2].name)
        with self.assertRaises(TApplicationException) as refused:
            self.runs_at(nodes[2], KEYS[0])
        self.assertIn("p2p:disabled:", refused.exception.message)
        self.ctl(nodes[2], "enable", "counter")
        self.wait_for_member(nodes[0], nodes[2].name, services=["counter", "locator"])
        wait_until("it owns keys again", lambda: {self.runs_at(nodes[1], key) for key in KEYS} == names)

    def test_no_call_fails_while_a_service_is_switched_off(self):
        nodes = self.counters(3)
        wait_until("keys lie at every node",
                   lambda: {self.runs_at(nodes[0], key) for key in KEYS} == {node.name for node in nodes})
        for _ in range(3):
            self.ctl(nodes[2], "disable", "counter")
            for key in KEYS:
                self.assertNotEqual(self.runs_at(nodes[1], key), nodes[2].name)
            self.ctl(nodes[2], "enable", "counter")
            for key in KEYS:
                self.runs_at(nodes[1], key)

    def test_a_reload_that_switches_a_service_off_is_known_too(self):
        on = COUNTER_CONFIG.read_text()
        config = self.own_config(on)
        first = self.counters(1)[0]
        second = self.node(*FEW, *PLUGINS, "--join", first.name, config=config).start()
        self.wait_for_member(first, second.name, services=["counter", "locator"])
        config.write_text(on.replace("[services.counter]\n", "[services.counter]\nenabled = false\n"))
        second.send_signal(signal.SIGHUP)
        self.wait_for_member(first, second.name, services=["locator"])
        self.assertEqual({self.runs_at(first, key) for key in KEYS}, {first.name})

    def test_where_nobody_runs_a_service_it_is_disabled(self):
        nodes = self.counters(2)
        for node in nodes:
            self.ctl(node, "disable", "counter")
        with self.assertRaises(TApplicationException) as refused:
            count(nodes[0], "increment", "a", 1)
        self.assertIn("p2p:disabled:", refused.exception.message)


class HandOverTest(MembersCase):
    """The example `work`, which moves what it holds."""

    def test_a_service_that_is_switched_off_hands_over_first(self):
        nodes = self.cluster(3, *FEW, *PLUGINS, config=settings.EXAMPLES / "work" / "work.toml")
        for key in KEYS:
            self.assertEqual(work(nodes[0], "submit", "job", key.encode(), "append", b""), b"job")
        wait_until("it holds some", lambda: nodes[2].gauge("done", "work") > 0)
        refused = nodes[2].ctl("disable", "work")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("other nodes that run it take over", refused.stdout + refused.stderr)
        self.ctl(nodes[2], "disable", "--force", "work")
        for key in KEYS:
            for node in nodes[:2]:
                self.assertEqual(work(node, "ledger", key.encode()), ["job"])
        self.ctl(nodes[2], "enable", "work")
        for key in KEYS:
            wait_for_equal(f"the ledger of {key}", ["job"], lambda key=key: work(nodes[2], "ledger", key.encode()))


class DescriptionTest(MembersCase):
    """Weight and zone: what the configuration says, and what operators order."""

    def configured(self, *lines):
        return "\n".join(["[services.locator]", "[services.locator.config]", *lines, ""])

    def test_what_the_configuration_names_counts_from_each_start_on(self):
        first = self.lonely_node(*FEW)
        config = self.own_config(self.configured('zone = "attic"', "weight = 50"))
        second = self.node(*FEW, "--join", first.name, config=config).start()
        self.wait_for_member(first, second.name, zone="attic", weight=50)
        self.ctl(first, "weight", second.name, "20")
        self.wait_for_member(second, second.name, weight=20)
        second.kill()
        config.write_text(self.configured('zone = "cellar"', "weight = 60"))
        second.start()
        self.wait_for_member(first, second.name, zone="cellar", weight=60)
        self.ctl(first, "weight", second.name, "20")
        second.kill()
        config.write_text(self.configured('zone = "cellar"'))  # names no weight
        second.start()
        self.wait_for_member(first, second.name, zone="cellar", weight=20, state="up")

    def test_a_reload_changes_them_without_a_restart(self):
        first = self.lonely_node(*FEW)
        config = self.own_config(self.configured("weight = 50"))
        second = self.node(*FEW, "--join", first.name, config=config).start()
        self.wait_for_member(first, second.name, weight=50)
        config.write_text(self.configured('zone = "attic"', "weight = 70"))
        self.assertIn("service locator works by its new configuration", self.ctl(second, "reload"))
        self.wait_for_member(first, second.name, zone="attic", weight=70)
        config.write_text(self.configured('zone = "attic"', "weight = 70", "copies = 2"))
        self.assertIn("restart locator", self.ctl(second, "reload", "--check"))


class AddressTest(MembersCase):
    def test_a_member_that_comes_back_on_another_port_is_the_same_member(self):
        nodes = self.cluster(3, *FEW)
        nodes[2].kill()
        moved = self.node(*FEW, "--join", nodes[0].name, port=free_port(), data_dir=nodes[2].data_dir).start()
        rest = [nodes[0], nodes[1], moved]
        self.wait_for_network(rest)
        identity = identities(nodes[2])[0][0]
        self.assertEqual(identities(moved)[0][0], identity)
        for node in rest:
            shown = self.members(node)
            self.assertEqual(sorted(shown), sorted(one.name for one in rest))
            self.assertEqual(shown[moved.name]["id"], identity)


class RestoredFolderTest(MembersCase):
    def test_a_member_with_a_restored_folder_begins_anew_and_the_others_stay_who_they_are(self):
        nodes = self.cluster(3, *FEW)
        ids = {node.name: self.members(nodes[0])[node.name]["id"] for node in nodes}
        victim = nodes[2]
        backup = pathlib.Path(tempfile.mkdtemp(prefix="p2phost-test-")) / "data"
        self.addCleanup(shutil.rmtree, backup.parent)
        for round_of_two in range(2):
            victim.kill()
            if round_of_two == 0:
                shutil.copytree(victim.data_dir, backup, ignore=shutil.ignore_patterns("*.sock"))
            victim.start()
            self.wait_for_network(nodes)
        victim.kill()
        shutil.rmtree(victim.data_dir)
        shutil.copytree(backup, victim.data_dir)
        victim.start()

        # The old one stays a member that is down, at the same address, until it is removed.
        def ids_of_up(node):
            shown = json.loads(self.ctl(node, "--json", "members"))["members"]
            return {member["address"]: member["id"] for member in shown if member["state"] == "up"}

        wait_until("the restored node has joined as a new one",
                   lambda: ids_of_up(nodes[0]).get(victim.name) not in (None, ids[victim.name]))
        for node in nodes[:2]:
            self.assertEqual({**ids_of_up(node), victim.name: None}, {**ids, victim.name: None})
            self.assertNotIn("begins anew", node.log())
        self.assertIn("begins anew", victim.log())


class ForeignCallsTest(MembersCase):
    def test_the_calls_of_2009_read_the_map_and_change_nothing(self):
        nodes = self.cluster(2, *FEW)
        names = sorted(node.name for node in nodes)
        stranger = Location("127.0.0.1", 1)
        self.assertIn(client.owner(nodes[0].port, "key"), names)
        for _ in range(3):
            client.call(nodes[0].port, "join", stranger, interface=Locator)
            client.call(nodes[0].port, "add", stranger, [Location("127.0.0.1", 2)], interface=Locator)
            client.call(nodes[0].port, "remove", Location("127.0.0.1", nodes[1].port), [], interface=Locator)
        self.wait_until_logged(nodes[0], f"{nodes[1].name} is said to have left")
        self.wait_until_logged(nodes[0], "127.0.0.1:1 asks to join in the way of the 2009 system")
        self.assertEqual(nodes[0].members(), names)
        log = nodes[0].log()
        for said in ("asks to join", "is announced", "is said to have left"):
            self.assertEqual(len(re.findall(said, log)), 1, said)
        self.assertIn('needs mode = "classic"', log)

    def test_a_node_of_2009_that_joins_ends_alone_and_the_log_says_why(self):
        nodes = self.cluster(2, *FEW)
        seed = SeedProcess("--locator-only")
        self._nodes.append(seed)
        seed.start(nodes[0])
        wait_for_equal("the seed is on a ring of its own", [seed.name], seed.ring)
        self.wait_until_logged(nodes[0], f"{seed.name} asks to join in the way of the 2009 system")
        self.assertEqual(nodes[0].members(), sorted(node.name for node in nodes))
        seed.leave()
        self.assertNotIn("is said to have left", nodes[0].log() + nodes[1].log())

    def test_messages_of_the_cluster_need_the_hello_of_a_node(self):
        node = self.lonely_node(*FEW)
        sender = Sender(node=bytes(16), boot=Boot(1, 1), epoch=0)
        fetch = Request(Cluster, "fetch_map", service="locator.peer", sender=sender)
        form = client.FORMS[0]
        with RawConnection(node.port, form) as stranger:
            stranger.send(fetch.encode(form))
            with self.assertRaises(TApplicationException) as refused:
                stranger.reply(fetch)
            self.assertIn("begins with Peer.hello", refused.exception.message)
            # Nor as a call that another node seems to pass on.
            plain = Request(Cluster, "fetch_map", sender=sender).encode(form)
            wrapped = Request(Peer, "forward", service="Peer", view=0, hops=1, target="locator.peer",
                              encoding=Encoding.strict_binary, message=plain)
            stranger.send(wrapped.encode(form, 1))
            _, result = stranger.reply(wrapped)
            self.assertEqual(result.success.status, ForwardStatus.refused)
            self.assertIn(b"begins with Peer.hello", result.success.message)
        self.assertEqual(node.members(), [node.name])


class FeatureLevelTest(MembersCase):
    """M7: an upgrade node by node. The later release is the same plugin with one feature level more."""

    NEXT = ("--set", f"host.plugin_dirs=[\"{settings.NEXT_LOCATOR}\"]")

    def upgraded(self, node):
        """The same node, by its folder and port, as the later release runs it; not started yet."""
        return self.node(*self._discovery, *FEW, *self.NEXT, port=node.port, data_dir=node.data_dir)

    def test_the_level_rises_when_the_last_old_member_has_gone_and_then_an_old_one_is_refused(self):
        nodes = self.cluster(3, *FEW)
        self.assertEqual(self.level(nodes[0]), 2)
        old = list(nodes)
        for place in range(3):
            self.assertEqual(self.level(nodes[0]), 2)
            nodes[place].kill()
            nodes[place] = self.upgraded(nodes[place]).start()
            self.wait_for_network(nodes)
            self.wait_for_member(nodes[place - 1], nodes[place].name, feature_level=3)
        for node in nodes:
            wait_for_equal(f"{node.name} knows level 3", 3, lambda node=node: self.level(node))
        self.assertIn("level", self.ctl(nodes[0], "agreement"))

        stranger = self.next_node(*FEW).launch()
        self.wait_until_logged(stranger, "its feature level is 3, ours is 2; the network runs a newer version: upgrade this node")
        nodes[2].kill()
        old[2].launch()  # the former version in the folder of a member
        self.assertNotEqual(old[2].wait(), 0)
        self.assertIn("feature level 3 is in force in the network, and this program knows 2 at most", old[2].log())
        nodes[2].start()
        self.wait_for_network(nodes)


if __name__ == "__main__":
    unittest.main()
