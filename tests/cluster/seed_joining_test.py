"""While nodes of either kind join, no key that a node of the 2009 system gives or gets is missing, lost, or old again."""
import concurrent.futures
import contextlib
import signal
import unittest

from harness import client, settings
from harness.classic_ring import keys_that_move
from harness.ends import CALLS_AT_ONCE, FAULT, MISSING, Kept, ends_of_reads
from harness.items import write_all
from harness.waiting import Impatient, wait_for_equal, wait_until
from shared_ring_test import SharedRing

# Few enough that all calls for them are under way at once: so they end at once, too, when they wait for what is held.
KEYS = 8
MANY_KEYS = 3_000
NEWER = "newer"
# In which a joiner has given up who does not answer: after three seconds, however patient the tests are.
GIVING_UP_SECONDS = 4 / settings.PATIENCE
# In which a joiner asks a member what it is, unless it knows or leaves that for later.
ASKING_SECONDS = 1
# Of what nothing can hold where it stands, and what shows for some milliseconds.
ROUNDS = 6
SHOWN_MAX = 3  # of the keys that are wrong

# Of calls that end while a node is held where it stands.
SHORT_CALLS = settings.patient("host.call_timeout=1s", "services.diststore.config.forward_timeout=0.25s")
# Over before a joiner gives up one that does not answer, for which it waits three seconds.
SHORTER_CALLS = settings.patient("host.call_timeout=0.4s", "services.diststore.config.forward_timeout=0.1s")


def value_of(key):
    return f"value of {key}"


def values_of(keys):
    return {key: value_of(key) for key in keys}


def names(*nodes):
    return [node.name for node in nodes]


class Change(SharedRing):
    """A test in which a ring with a seed changes, slowly enough to look."""

    def fill(self, seed, keys):
        """Puts each of `keys` to `seed`, which owns them, and expects them to be there from now on."""
        self.keys = keys
        items = values_of(keys)
        for key, value in items.items():
            client.put(seed.port, key, value)
        wait_for_equal("what the seed holds", items, seed.values, 30)
        self.kept = Kept(items)

    def assert_none_missing(self, nodes, keys):
        for key, ends in ends_of_reads(nodes, keys).items():
            self.assertLessEqual(ends, {value_of(key), FAULT}, key)

    def begin_changes(self, threads, nodes, keys):
        """Writes every second key, and erases the others, through one of `nodes` after the other."""
        return [threads.submit(self.kept.erase, nodes[number // 2 % len(nodes)], key) if number % 2 else
                threads.submit(self.kept.write, nodes[number // 2 % len(nodes)], key, NEWER)
                for number, key in enumerate(keys)]

    def change(self, nodes, keys, meanwhile=lambda: None):
        """The same, and waits for the ends, of which some are faults: after `meanwhile()`, which runs when all have begun."""
        with concurrent.futures.ThreadPoolExecutor(CALLS_AT_ONCE) as threads:
            changes = self.begin_changes(threads, nodes, keys)
            self.wait_until_in_hand(nodes, changes)
            meanwhile()
            for ended in changes:
                ended.result()

    def wait_until_in_hand(self, nodes, changes):
        """Every one has ended, or waits at one of `nodes`."""
        def are_in_hand():
            in_hand = sum(node.service("diststore").in_flight for node in nodes)
            return sum(change.done() for change in changes) + in_hand >= len(changes)

        wait_until("the nodes have every change in hand", are_in_hand)

    def let_it_become_ready(self):
        """It may give up the seed, and become ready, or wait for what the seed holds."""
        with contextlib.suppress(Impatient):
            self.joiner.wait_until_ready(GIVING_UP_SECONDS)

    def settle(self, ours, seeds=()):
        """Waits until the ring is whole, and nothing is on its way in it."""
        for node in ours:
            node.wait_until_ready()
        self.wait_for_network([*ours, *seeds], 60)  # a seed that hands over does not answer
        self.wait_for_rest(ours)

    def wait_for_rest(self, ours):
        self.wait_for_quiet(ours, 60)
        for _ in range(2):  # what had gone from the second to the first when the first was asked
            for node in ours:
                wait_until(f"{node.name} has no call in hand",
                           lambda node=node: node.service("diststore").in_flight == 0)

    def assert_nothing_is_wrong(self, ours):
        for node in ours:
            wrong = self.kept.wrong_at(node)
            self.assertEqual(list(wrong.items())[:SHOWN_MAX], [], f"{len(wrong)} keys are wrong through {node.name}")
        self.assertEqual(self.kept.denied, [], "erased, and was not there")


class SeedStaysTest(Change):
    """A node of ours joins, and the seed is about to give it keys."""

    def grow(self, *limits, count=KEYS):
        self.first, self.second = self.two_of_ours(*limits)
        self.seed_ = self.seed().start(self.first)
        self.old = [self.first, self.second, self.seed_]
        self.wait_for_network(self.old)
        self.joiner = self.node("--join", self.contact().name, *limits)
        old = names(*self.old)
        self.fill(self.seed_, keys_that_move([(self.seed_.name, old), (self.joiner.name, [*old, self.joiner.name])], count))
        self.ours = [self.first, self.second, self.joiner]

    def contact(self):
        return self.first

    def begin_to_join(self):
        """When this returns, the seed gives nothing to the joiner, which is a member, and ready or not."""
        self.seed_.tell("hold-hand-over")
        # The news comes to the seed by way of the second: not before the joiner has found out what the seed is.
        self.second.freeze()
        asked_before = self.times_asked()
        self.joiner.launch()
        with contextlib.suppress(Impatient):
            wait_until("the joiner asks the seed", lambda: self.times_asked() > asked_before, ASKING_SECONDS)
        self.second.thaw()
        for node in (self.first, self.second):
            wait_until("the joiner is a member", lambda node=node: self.joiner.name in node.members())
        wait_until("the seed is about to give", lambda: self.seed_.tell("is-held"))

    def times_asked(self):
        return self.seed_.log().count("got Peer:hello")

    def end_the_join(self):
        self.seed_.tell("go-on")
        self.settle(self.ours, [self.seed_])

    def test_what_it_has_not_given_yet_is_not_missing(self):
        self.grow(*SHORT_CALLS)
        self.begin_to_join()
        self.assert_none_missing(self.ours, self.keys)
        self.let_it_become_ready()
        self.assert_none_missing(self.ours, self.keys)
        self.seed_.tell("go-on")
        self.assert_none_missing(self.ours, self.keys)
        self.end_the_join()
        self.assert_all_found([*self.ours, self.seed_], values_of(self.keys))

    def test_what_is_acknowledged_before_it_gives_is_newer(self):
        self.grow(*SHORT_CALLS)
        self.begin_to_join()
        self.let_it_become_ready()
        self.change((self.first, self.second), self.keys)
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)

    def test_what_is_begun_before_it_gives_and_acknowledged_is_newer(self):
        self.grow()
        self.begin_to_join()
        self.change((self.first, self.second), self.keys, meanwhile=lambda: self.seed_.tell("go-on"))
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)

    def test_however_much_it_gives_nothing_is_lost(self):
        self.grow(*SHORTER_CALLS, count=MANY_KEYS)
        self.begin_to_join()
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)


class ThroughTheSeedTest(SeedStaysTest):
    """The same, and the seed is the joiner's contact."""

    def contact(self):
        return self.seed_


class SeedLeavesTest(Change):
    """The seed leaves; before it has handed over, a node of ours joins, which is the next owner of its keys."""

    def grow(self, *limits, count=KEYS, heir=None):
        """`heir`: 0 or 1 for that one of ours, which alone the seed will give to, since it does not know the joiner."""
        self.first, self.second = self.two_of_ours(*limits)
        self.leaver = self.seed().start(self.first)
        self.wait_for_network([self.first, self.second, self.leaver])
        self.joiner = self.node("--join", self.first.name, *limits)
        self.ours = [self.first, self.second, self.joiner]
        stay = names(self.first, self.second)
        owners = [(self.leaver.name, [*stay, self.leaver.name]), (self.joiner.name, [*stay, self.joiner.name])]
        if heir is not None:
            owners.append((stay[heir], stay))
        self.fill(self.leaver, keys_that_move(owners, count))

    def begin_to_leave(self):
        self.leaver.tell("hold-hand-over")
        self.leaver.send_signal(signal.SIGINT)
        for node in (self.first, self.second):
            wait_for_equal("members without the leaver", sorted(names(self.first, self.second)), node.members)
        wait_until("the seed is about to give", lambda: self.leaver.tell("is-held"))

    def begin_to_join(self):
        self.joiner.launch()
        wait_until("the joiner is a member", lambda: self.joiner.name in self.first.members())

    def end_the_leave(self):
        self.leaver.tell("go-on")
        self.assertEqual(self.leaver.wait(60), 0)

    def wait_for_the_ends_of_what_it_has_put(self):
        """Its puts came before these reads, which have their values or a fault, shortly before their time is over.

        By the end of the second one the time of the puts is over as well.
        """
        for _ in range(2):
            ends_of_reads([self.first], self.keys[:1])

    def test_what_it_has_not_given_yet_is_not_missing(self):
        self.grow(*SHORT_CALLS)
        self.begin_to_leave()
        self.begin_to_join()
        self.assert_none_missing(self.ours, self.keys)
        self.end_the_leave()
        self.settle(self.ours)
        self.assert_all_found(self.ours, values_of(self.keys))

    def test_what_is_acknowledged_before_it_gives_is_newer(self):
        self.grow(*SHORT_CALLS)
        self.begin_to_leave()
        self.begin_to_join()
        self.change((self.first, self.second), self.keys)
        self.end_the_leave()
        self.settle(self.ours)
        self.assert_nothing_is_wrong(self.ours)

    def test_what_is_begun_before_it_gives_and_acknowledged_is_newer(self):
        self.grow()
        self.begin_to_leave()
        self.begin_to_join()
        self.change((self.first, self.second), self.keys, meanwhile=self.end_the_leave)
        self.settle(self.ours)
        self.assert_nothing_is_wrong(self.ours)

    def leave_before_the_joiner_is_ready(self, *limits, count=KEYS):
        """The joiner is ready some time after the second thaws."""
        self.grow(*limits, count=count, heir=0)
        self.begin_to_leave()
        self.second.freeze()  # the joiner owns nothing before it has answered
        self.begin_to_join()
        self.end_the_leave()

    def leave_with_its_keys_on_their_way(self):
        self.leave_before_the_joiner_is_ready(*SHORT_CALLS)
        with contextlib.suppress(Impatient):
            wait_until("the joiner knows that the leaver has ended", lambda: "has left" in self.joiner.log(), 1)
        self.second.thaw()

    def test_what_it_gave_before_the_joiner_is_ready_is_not_missing(self):
        def is_settled():
            self.assert_none_missing(self.ours, self.keys)
            return self.joiner.status().state == "ready" and self.joiner.awaits_no_keys()

        for attempt in range(ROUNDS):
            with self.subTest(attempt=attempt):
                self.leave_with_its_keys_on_their_way()
                wait_until("the joiner has its keys", is_settled)
                self.settle(self.ours)
                self.assert_nothing_is_wrong(self.ours)
            self.end(self.ours)

    def test_what_is_acknowledged_after_it_gave_is_newer(self):
        for attempt in range(ROUNDS):
            with self.subTest(attempt=attempt):
                self.leave_with_its_keys_on_their_way()
                self.change(self.ours, self.keys)
                self.settle(self.ours)
                self.assert_nothing_is_wrong(self.ours)
            self.end(self.ours)

    def test_what_it_gives_before_the_joiner_is_ready_is_not_lost(self):
        for count in (KEYS, MANY_KEYS):
            with self.subTest(count=count):
                self.leave_before_the_joiner_is_ready(*SHORTER_CALLS, count=count)
                self.wait_for_the_ends_of_what_it_has_put()
                self.second.thaw()
                self.settle(self.ours)
                self.assert_nothing_is_wrong(self.ours)
                self.end(self.ours)

    def test_what_it_gives_while_the_joiner_hangs_is_not_lost(self):
        for count in (KEYS, MANY_KEYS):
            with self.subTest(count=count):
                self.grow(*SHORTER_CALLS, count=count, heir=0)
                self.begin_to_leave()
                self.begin_to_join()
                self.joiner.freeze()
                self.end_the_leave()
                self.wait_for_the_ends_of_what_it_has_put()
                self.joiner.thaw()
                self.settle(self.ours)
                self.assert_nothing_is_wrong(self.ours)
                self.end(self.ours)


class SeedJoinsTest(Change):
    """A seed joins two nodes of ours, whose keys it owns from then on."""

    HELD = 200
    ERASED = 20
    NEVER_WRITTEN = 20

    def grow(self, *limits, owner=None, faults=("--break-off", "get_node")):
        """`owner`: 0 or 1 for that one of ours, which alone owns what the seed will; None: either does."""
        self.ours = self.first, self.second = self.two_of_ours(*limits)
        self.wait_for_network(self.ours)
        self.joiner = self.seed(*faults)
        old = names(*self.ours)
        owners = [(self.joiner.name, [*old, self.joiner.name])]
        if owner is not None:
            owners.append((old[owner], old))
        keys = keys_that_move(owners, self.HELD + self.ERASED + self.NEVER_WRITTEN)
        self.keys, absent = keys[:self.HELD], keys[self.HELD:]
        items, erased = values_of(self.keys), values_of(absent[:self.ERASED])
        write_all(self.first, {**items, **erased})
        for key in erased:
            Kept(erased).erase(self.first, key)
        self.absent = absent
        self.kept = Kept({**items, **dict.fromkeys(absent)})

    def begin_to_join(self, contact):
        """When this returns, the joiner owns the keys, and those who hold them cannot give it any."""
        self.joiner.start(contact)
        wait_until("the joiner is a member", lambda: self.joiner.name in contact.members())

    def wait_until_tried(self, *donors):
        for donor in donors:
            wait_until(f"{donor.name} has tried", lambda donor=donor: "stay here for now" in donor.log())

    def end_the_join(self):
        self.joiner.tell("mend")
        self.settle(self.ours, [self.joiner])
        wait_for_equal("keys that ours hold", 0, lambda: sum(node.gauge("keys") for node in self.ours), 30)
        self.settle(self.ours, [self.joiner])

    def assert_nothing_is_wrong(self, ours):
        super().assert_nothing_is_wrong(ours)

        def none_is_found():
            ends = set().union(*ends_of_reads(ours, self.absent).values())
            self.assertLessEqual(ends, {MISSING, FAULT})
            return ends == {MISSING}

        wait_until("what was never there is missing", none_is_found, 30)

    def test_what_it_was_not_given_yet_is_not_missing(self):
        self.grow(*SHORT_CALLS)
        self.begin_to_join(self.first)
        self.wait_until_tried(*self.ours)
        self.assert_none_missing(self.ours, self.keys[:KEYS])
        for ends in ends_of_reads(self.ours, self.absent).values():
            self.assertLessEqual(ends, {MISSING, FAULT})
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)

    def test_what_is_acknowledged_before_it_is_given_is_newer(self):
        self.grow(*SHORT_CALLS)
        self.begin_to_join(self.first)
        self.wait_until_tried(*self.ours)
        self.change(self.ours, self.keys[:KEYS])
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)

    def test_what_a_node_holds_for_it_that_hangs_is_not_missing(self):
        self.grow(*SHORT_CALLS, owner=0)
        self.joiner.launch(self.second)
        self.first.freeze()
        self.joiner.wait_until_ready()
        wait_until("the joiner is a member", lambda: self.joiner.name in self.second.members())
        self.assert_none_missing([self.second], self.keys[:KEYS])
        self.change([self.second], self.keys[KEYS:2 * KEYS])
        self.first.thaw()
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)

    def test_what_is_refused_since_it_does_not_listen_yet_is_not_missing(self):
        self.grow(*SHORT_CALLS, faults=["--refuse-after-join"])
        self.begin_to_join(self.first)
        self.assert_none_missing(self.ours, self.keys[:KEYS])
        self.change(self.ours, self.keys[:KEYS])
        self.joiner.tell("listen")
        # It may have been given up before, and have no place on the ring.
        wait_until("ours know the same members", lambda: self.first.members() == self.second.members())
        self.wait_for_rest(self.ours)
        self.assert_nothing_is_wrong(self.ours)

    def test_what_it_is_about_to_take_is_not_missing(self):
        self.grow(*SHORT_CALLS, faults=["--mute-on", "put"])
        self.begin_to_join(self.first)
        wait_until("it is given a key", lambda: "got put" in self.joiner.log())
        self.assert_none_missing(self.ours, self.keys[:KEYS])
        self.change(self.ours, self.keys[:KEYS])
        self.joiner.tell("unmute")
        self.end_the_join()
        self.assert_nothing_is_wrong(self.ours)


class SeedAskedInVainTest(Change):
    """A seed has answered for keys that nodes of ours still hold for it, and gives the next owner "" for each of them."""

    def grow(self, *limits):
        self.first, self.second = old = self.two_of_ours(*limits)
        self.wait_for_network(old)
        self.seed_ = self.seed("--break-off", "get_node")
        self.joiner = self.node("--join", self.first.name, *limits)
        self.ours = [*old, self.joiner]
        self.keys = keys_that_move([(self.seed_.name, names(*old, self.seed_)),
                                    (self.joiner.name, names(*old, self.seed_, self.joiner))], KEYS)
        items = values_of(self.keys)
        write_all(self.first, items)
        self.kept = Kept(items)
        self.seed_.start(self.first)
        self.wait_for_network([*old, self.seed_])
        for key in self.keys:
            self.assertEqual(client.get(self.seed_.port, key), "")
        self.assertEqual(self.seed_.items(), dict.fromkeys(self.keys, ""))

    def test_the_values_stay_when_it_gives_at_once(self):
        self.grow()
        self.joiner.start()
        self.settle(self.ours, [self.seed_])
        self.seed_.tell("mend")
        self.settle(self.ours, [self.seed_])
        self.assert_nothing_is_wrong(self.ours)

    def test_the_values_stay_when_it_gives_to_one_that_has_got_them(self):
        self.grow(*SHORT_CALLS)
        self.seed_.tell("hold-hand-over")
        self.joiner.launch()
        wait_until("the seed is about to give", lambda: self.seed_.tell("is-held"))
        self.let_it_become_ready()
        self.assert_none_missing(self.ours, self.keys)
        self.seed_.tell("go-on")
        self.settle(self.ours, [self.seed_])
        self.assert_nothing_is_wrong(self.ours)


if __name__ == "__main__":
    unittest.main()
