#!/usr/bin/env python3
"""Does the simulation of the store notice when a rule of the hand-over is broken?

Each mutant breaks one rule (H1, H2, ... of docs/decisions/0008) in one place. It is applied to a copy of the tree below
build/mutants, built, and run until a seed fails, those of store_seeds.txt first. Prints one line a mutant: the seed
that caught it, or SURVIVED; then whether that is what the table says.

    tests/sim/store_mutants.py                all
    tests/sim/store_mutants.py H7 fetch       those whose rule or name is given
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "mutants"
SEEDS = 20_000
SEEDS_BESIDE_2009 = 2_500


@dataclass
class Mutant:
    rule: str
    name: str
    file: str  # its name below plugins/diststore or lib/retry
    old: str
    new: str
    survives: str = ""  # why no simulation can notice; "": it must be caught


MUTANTS = [
    # --- one owner ---
    Mutant("H1", "engine-admits-any-view", "memory_engine.cc",
           "if (right.view_version != shard.view_version) return Outcome::fenced;",
           "static_cast<void>(shard);",
           survives="in one thread no ring comes between a decision and its execution: engine_view_versions_test has both"),
    Mutant("H1", "merge-by-any-view", "memory_engine.cc",
           "if (view_version != shard.view_version) return Outcome::fenced;\n  ViewVersion confirmed_in",
           "ViewVersion confirmed_in"),
    Mutant("H1", "confirm-by-any-view", "memory_engine.cc",
           "if (view_version != shard.view_version) return Outcome::fenced;\n  if (at != nullptr)",
           "if (at != nullptr)",
           survives="what is confirmed by an earlier view version counts only for ranges acquired until then"),
    Mutant("H2", "established-at-once", "incoming_transfers.cc",
           "is_established_ = std::all_of(awaited.sources.begin(), awaited.sources.end(), is_fenced);",
           "static_cast<void>(is_fenced);\n    is_established_ = true;"),
    Mutant("H2", "established-by-one", "incoming_transfers.cc",
           "is_established_ = std::all_of(awaited.sources.begin(), awaited.sources.end(), is_fenced);",
           "is_established_ = awaited.sources.empty() || "
           "std::any_of(awaited.sources.begin(), awaited.sources.end(), is_fenced);"),
    Mutant("H3", "fenced-by-any-ring", "ring_watch.cc", "Answer answer{is_same_ring,", "Answer answer{true,"),
    Mutant("H4", "newcomers-are-not-asked", "incoming_transfers.cc",
           "for (const NodeAddress& node : present) await_from(awaited, node, now);", ""),
    Mutant("H4", "handed-over-outlives-a-ring", "incoming_transfers.cc",
           "source.is_handed_over = false;\n      source.has_shown = false;\n      ask_soon(node, now);\n    }\n  }\n"
           "  std::erase_if(asking_",
           "source.has_shown = false;\n      ask_soon(node, now);\n    }\n  }\n  std::erase_if(asking_"),
    # --- where a key may still be ---
    Mutant("H5", "leavers-are-not-awaited", "incoming_transfers.cc",
           "for (const auto* group : {&view_->members(), &view_->leaving()}) {",
           "for (const auto* group : {&view_->members()}) {"),
    Mutant("H6", "a-leave-acquires-nothing", "incoming_transfers.cc",
           "if (!is_new || !is_member || !is_established_ || node == self_) continue;", "if (is_new || is_member || node == self_) continue;"),
    Mutant("H7", "old-confirmations-count", "memory_engine.cc",
           "KeyTable::entry_at(at).confirmed_in < right.confirmed_from", "KeyTable::entry_at(at).confirmed_in == 0"),
    Mutant("H7", "everything-counts", "memory_engine.cc",
           "if (right.confirmed_from != kNeverConfirmed &&", "if (false && right.confirmed_from != kNeverConfirmed &&"),
    Mutant("H7", "missing-counts", "memory_engine.cc",
           "(!is_there || KeyTable::entry_at(at).confirmed_in < right.confirmed_from)",
           "(is_there && KeyTable::entry_at(at).confirmed_in < right.confirmed_from)"),
    Mutant("H7", "only-the-first-range", "ownership_snapshot.cc",
           "if (acquired_range.view_version > from && affects(acquired_range, key)) from = acquired_range.view_version;",
           "if (from == kNeverConfirmed && affects(acquired_range, key)) from = acquired_range.view_version;"),
    Mutant("H8", "moved-keys-are-always-confirmed", "memory_engine.cc",
           "ViewVersion confirmed_in = change.is_confirmed ? view_version : kNeverConfirmed;",
           "ViewVersion confirmed_in = view_version;"),
    Mutant("H8", "latest-by-anybody", "rebalancer.cc",
           "if (is_latest) items.back()", "if (is_latest || ownership.view_version > 0) items.back()"),
    Mutant("H8", "latest-before-it-has-joined", "rebalancer.cc", "is_latest = ownership.has_joined() &&", "is_latest ="),
    Mutant("H8", "latest-though-unconfirmed", "rebalancer.cc",
           "key.confirmed_in >= ownership.confirmed_from(key.key) &&", ""),
    Mutant("H8", "latest-though-not-the-last-owner", "rebalancer.cc",
           "ownership.was_owner_before(sent.batch.to, key.key);", "true;"),
    Mutant("H8", "latest-by-any-ring", "peer_transfer.cc",
           "item.latest && batch.view == ownership.ring->fingerprint();", "item.latest;"),
    Mutant("H9", "fetch-asks-nobody", "fetcher.cc",
           "if (key.is_known) plan(at, former_owners(*store_, *ownership_, key.text), questions);", ""),
    Mutant("H9", "fetch-skips-the-next-owner", "ownership_snapshot.cc",
           "if (const auto next = next_owner(*ring, self, key)) insert(owners, *next);", ""),
    Mutant("H9", "fetch-skips-leavers", "ownership_snapshot.cc",
           "if (is_next && is_in(acquired_range.sources, leaver.node)) insert(owners, leaver.node);",
           "static_cast<void>(is_next);"),
    Mutant("H10", "fetch-asks-no-further", "fetcher.cc", "plan(at, further, questions);", "static_cast<void>(questions);"),
    Mutant("H10", "awaited-nodes-are-not-named", "peer_transfer.cc",
           "for (const NodeAddress& owner : former_owners(store, ownership, key)) "
           "answer.awaits.push_back(owner.name());", ""),
    Mutant("H11", "fetch-needs-no-answer", "fetcher.cc",
           "keys_[at].is_known = false;\n        } else {", "} else {"),
    Mutant("H11", "fetch-ignores-what-is-not-yielded", "fetcher.cc",
           "keys_[at].is_known = keys_[at].is_known && is_taken;", ""),
    Mutant("H12", "owners-yield", "peer_transfer.cc",
           "answer.yielded = ownership.has_joined() && !ownership.owner_of(key).is_self;", "answer.yielded = true;"),
    Mutant("H12", "yields-before-it-has-joined", "peer_transfer.cc",
           "answer.yielded = ownership.has_joined() && !ownership.owner_of(key).is_self;",
           "answer.yielded = !ownership.owner_of(key).is_self;"),
    Mutant("H13", "a-leave-has-one-source", "incoming_transfers.cc",
           "await_from(awaited, further, now);\n      effects.is_changed = true;", "",
           survives="its own join, or the leave of that node, makes it await the same keys from there; and H10 names them to a fetch"),
    Mutant("H13", "sources-are-not-named", "peer_transfer.cc",
           "if (source != receiver.value()) reply.sources.push_back(source.name());",
           "static_cast<void>(source);",
           survives="see a-leave-has-one-source"),
    Mutant("H14", "acquired-when-one-has-given", "incoming_transfers.cc",
           "if (!std::all_of(awaited.sources.begin(), awaited.sources.end(), is_handed_over)) return false;",
           "if (!std::any_of(awaited.sources.begin(), awaited.sources.end(), is_handed_over)) return false;"),
    Mutant("H14", "handed-over-by-any-ring", "incoming_transfers.cc",
           "source->second.is_handed_over || (answer.is_fenced && answer.is_handed_over);",
           "source->second.is_handed_over || answer.is_handed_over;"),
    Mutant("H14", "old-answers-count", "incoming_transfers.cc",
           "asking.is_asked_anew = true;", ""),
    Mutant("H15", "handed-over-after-any-scan", "rebalancer.cc", "if (!ended.is_handed_over) {", "if (false) {"),
    Mutant("H15", "refused-keys-do-not-count", "rebalancer.cc",
           "if (!undone.empty()) {\n    round_->is_handed_over = false;", "if (!undone.empty()) {"),
    Mutant("H15", "failures-do-not-count", "rebalancer.cc",
           "void Rebalancer::failed(const Sent& sent, const Error& error) {\n  round_->is_handed_over = false;",
           "void Rebalancer::failed(const Sent& sent, const Error& error) {"),
    Mutant("H15", "changed-keys-do-not-count", "rebalancer.cc",
           "!delete_confirmed(keys[at])) round_->is_handed_over = false;", "!delete_confirmed(keys[at])) continue;",
           survives="nothing but a kept put changes another node's key, and those count by themselves (H26)"),
    Mutant("H15", "handed-over-by-an-older-ring", "rebalancer.cc",
           "if (ended.is_void || ended.ownership->view_version != view_version) return begin_round();", ""),
    Mutant("H15", "handed-over-in-any-view", "rebalancer.h",
           "kept_seen_.load() == store_->kept_puts->count() && handed_over_in_.load() == view_version",
           "kept_seen_.load() == store_->kept_puts->count() && handed_over_in_.load() > 0 && view_version > 0"),
    # --- moving ---
    Mutant("H16", "takes-what-it-does-not-own", "peer_transfer.cc",
           "if (!ownership.is_established || !ownership.owner_of(item.key).is_self) return false;",
           "if (!ownership.is_established) return false;"),
    Mutant("H16", "takes-before-it-is-established", "peer_transfer.cc",
           "if (!ownership.is_established || !ownership.owner_of(item.key).is_self) return false;",
           "if (!ownership.owner_of(item.key).is_self) return false;"),
    Mutant("H17", "deletes-unconfirmed", "rebalancer.cc",
           "if (confirmed != count || static_cast<std::uint64_t>(reply.digest) != digest) {",
           "if (confirmed + digest + 1 == 0) {",
           survives="the simulated network damages no bytes and its receivers count right: rebalancer_test has such ones"),
    Mutant("H17", "deletes-what-was-refused", "rebalancer.cc",
           "if (!undone.contains(static_cast<std::int32_t>(at)) && !delete_confirmed(keys[at]))",
           "if (!delete_confirmed(keys[at]))"),
    Mutant("H18", "deletes-what-has-changed", "memory_engine.cc",
           "if (entry.version != change.version) return Outcome::kept;",
           "if (entry.version < Version() || change.key.empty()) return Outcome::kept;"),
    Mutant("H19", "deletes-by-a-former-view", "rebalancer.cc",
           "if (store_->ownership->read().view_version != round_->ownership->view_version) return true;", ""),
    Mutant("H20", "an-older-value-wins", "memory_engine.cc",
           "if (change.version <= entry.version) {", "if (change.version < Version()) {"),
    Mutant("H21", "writes-get-the-clocks-version", "memory_engine.cc",
           "change.version.stamp = std::max(change.version.stamp, entry.version.stamp + 1);\n  if (entry.overwrite",
           "if (entry.overwrite"),
    Mutant("H21", "erases-get-the-clocks-version", "memory_engine.cc",
           "change.version.stamp = std::max(change.version.stamp, KeyTable::entry_at(at).version.stamp + 1);", ""),
    # --- erased keys ---
    Mutant("H22", "an-erase-leaves-nothing", "memory_engine.cc",
           "replace(shard, at, Entry::make(change.key, {}, nullptr, change.version, change.right.view_version, true));",
           "forget(shard, KeyTable::entry_at(at));\n  const std::uint64_t hash = hash_of(change.key, 0);\n"
           "  static_cast<void>(hash);\n"
           "  insert(shard, hash, Entry::make(\"\", {}, nullptr, {}, change.right.view_version, true));"),
    Mutant("H22", "tombstones-do-not-move", "left_behind.cc",
           "if (ring.owner_of(entry.key).is_self) return true;",
           "if (entry.is_erased || ring.owner_of(entry.key).is_self) return true;"),
    Mutant("H23", "tombstones-go-without-a-check", "incoming_transfers.cc",
           "await(Kind::tombstone_check, {}, others(), now);", "await(Kind::tombstone_check, {}, {}, now);"),
    Mutant("H23", "a-check-asks-one", "incoming_transfers.cc",
           "await(Kind::tombstone_check, {}, others(), now);",
           "auto one = others();\n  if (one.size() > 1) one.resize(1);\n  await(Kind::tombstone_check, {}, one, now);"),
    Mutant("H23", "a-lone-node-never-scans", "classic_mode.cc",
           "rebalancer_->rescan();  // a node that stays alone sees no change", ""),
    Mutant("H23", "collects-before-it-has-handed-over", "tombstone_collector.cc",
           "if (!rebalancer_->is_handed_over(store_->ownership->read().view_version)) {", "if (false) {"),
    # --- leaving ---
    Mutant("H25", "leaves-after-one-round", "rebalancer.cc",
           "if (!ended.is_handed_over) {",
           "if (!ended.is_handed_over && handed_over_.pending()) return finish_hand_over();\n  if (!ended.is_handed_over) {"),
    Mutant("H26", "a-leaver-passes-puts-on", "rebalancer.h",
           "void begin_leave() { store_->kept_puts->keep_all(); }", "void begin_leave() {}"),
    Mutant("H26", "kept-puts-stay", "rebalancer_leaving.cc",
           "if (store_->kept_puts->count() != kept_seen_) return begin_round();\n  handed_over_();", "handed_over_();"),
    Mutant("H26", "kept-puts-do-not-count", "rebalancer.cc",
           "if (store_->kept_puts->count() != kept_seen_) return begin_round_after(kRetryPauseMin);", ""),
    # --- beside the 2009 system ---
    Mutant("H29", "any-put-confirms-its-key", "classic_puts.cc",
           "[&](const NodeAddress& node) { return store.classics->was_of_2009(node); });",
           "[&](const NodeAddress& node) { return !node.empty() || store.classics->was_of_2009(node); });"),
    Mutant("H30", "late-answers-are-noted", "ring_watch.cc",
           "if (store_->ownership->read().is_present(node)) store_->classics", "store_->classics"),
    # --- answers ---
    Mutant("H27", "answers-before-it-is-established", "classic_routing.cc",
           "if (owner.is_self && ownership.is_established) {", "if (owner.is_self) {"),
    Mutant("H28", "passes-on-twice", "forwarder.cc",
           "if (call.info().hops >= kHopsMax) {\n    call.disagree();\n    return;\n  }", ""),
]


def source_of(tree: pathlib.Path, name: str) -> pathlib.Path:
    found = [p for folder in ("plugins/diststore", "lib/retry") for p in (tree / folder).rglob(name)]
    if len(found) != 1:
        sys.exit(f"{name}: {len(found)} files of that name")
    return found[0]


def copy_tree(tree: pathlib.Path) -> None:
    """Brings the copy up to date; files that have not changed keep their times, so that little is built anew."""
    tree.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout.split("\n")
    wanted = {line for line in listed if line and (ROOT / line).is_file()}
    for line in wanted:
        target = tree / line
        data = (ROOT / line).read_bytes()
        if target.is_file() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod((ROOT / line).stat().st_mode)
    for path in tree.rglob("*"):
        if path.is_file() and str(path.relative_to(tree)) not in wanted and "build" not in path.relative_to(tree).parts:
            path.unlink()


def build(tree: pathlib.Path) -> bool:
    environment = dict(os.environ, CCACHE_BASEDIR=str(tree), CCACHE_NOHASHDIR="true",
                       CCACHE_SLOPPINESS="pch_defines,time_macros")
    if not (tree / "build" / "release" / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=tree, env=environment, check=True,
                       stdout=subprocess.DEVNULL)
    ninja = subprocess.run(["nice", "-n", "4", "ninja", "-C", "build/release", "store_sim_test"], cwd=tree, env=environment,
                           capture_output=True, text=True)
    if ninja.returncode != 0:
        print(ninja.stdout[-3000:], file=sys.stderr)
    return ninja.returncode == 0


def first_failure(tree: pathlib.Path, seeds: int) -> str:
    return failure_of(tree, "StoreSim", seeds) or failure_of(tree, "StoreSimBeside2009", min(seeds, SEEDS_BESIDE_2009))


def failure_of(tree: pathlib.Path, suite: str, seeds: int) -> str:
    """"seed N", or how it ended otherwise; "" if nothing failed."""
    environment = dict(os.environ, P2P_SIM_RUNS=str(seeds), P2P_SIM_LINES="0")
    program = ["nice", "-n", "4", str(tree / "build/release/bin/store_sim_test"),
               f"--gtest_filter={suite}.TheSeedsThatOnceFailed:{suite}.AFewSeeds", "--gtest_fail_fast"]
    beside = " beside 2009" if suite != "StoreSim" else ""
    try:
        ran = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=900)
    except subprocess.TimeoutExpired:
        return "hangs"
    if ran.returncode == 0:
        return ""
    seed = re.search(r"seed (\d+):\n(.{0,80})", ran.stdout)
    if seed:
        return f"seed {seed.group(1)}{beside}: {seed.group(2)}"
    bug = re.search(r"bug at .*?expected: (.*)", ran.stdout + ran.stderr)
    return f"assertion: {bug.group(1)}" if bug else f"ends with {ran.returncode}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wanted", nargs="*", help="rules or names; all if none is given")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--check", action="store_true", help="only whether each still stands once in its file")
    arguments = parser.parse_args()
    if arguments.check:
        lost = [mutant.name for mutant in MUTANTS if source_of(ROOT, mutant.file).read_text().count(mutant.old) != 1]
        print(*lost, sep="\n", end="\n" if lost else "")
        return 1 if lost else 0
    tree = WORK / "tree"
    copy_tree(tree)
    if not build(tree):
        return 1
    wrong = 0
    for mutant in MUTANTS:
        if arguments.wanted and not {mutant.rule, mutant.name} & set(arguments.wanted):
            continue
        source = source_of(tree, mutant.file)
        text = source.read_text()
        if text.count(mutant.old) != 1:
            print(f"{mutant.rule:4} {mutant.name:40} stands {text.count(mutant.old)} times in {mutant.file}", flush=True)
            wrong += 1
            continue
        began = time.monotonic()
        try:
            source.write_text(text.replace(mutant.old, mutant.new))
            outcome = first_failure(tree, arguments.seeds) if build(tree) else "does not compile"
        finally:
            source.write_text(text)
        is_right = bool(outcome) != bool(mutant.survives) and outcome != "does not compile"
        wrong += not is_right
        print(f"{mutant.rule:4} {mutant.name:40} {outcome or 'SURVIVED'}"
              f"{' (as it must: ' + mutant.survives + ')' if mutant.survives and not outcome else ''}"
              f"{'' if is_right else '   <-- WRONG'} [{time.monotonic() - began:.0f} s]", flush=True)
    print(f"{wrong} are not as the table says" if wrong else "all are as the table says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
