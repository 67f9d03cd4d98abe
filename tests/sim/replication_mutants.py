#!/usr/bin/env python3
"""Does the simulation of replication notice when a rule is broken?

As cluster_mutants.py, for sections 4 and 5 of the protocol: each mutant breaks one rule in one place, behind a switch that the product
does not have (P2P_MUTANTS=NUMBER,...). One more build has the copy: of the simulation, and of the tests of single rules. A mutant is caught
when one of these, or a seed, fails.

TODO(soon): 31-without-the-term and 43-a-boot-leaves-the-term were not caught by 350 seeds; they are rules of the map, and tested there.

    replication_mutants.py --write FOLDER             writes the copy (the build does)
    replication_mutants.py --run PROGRAM [NAME...]    all, or these; a line each, and whether that is what the table says
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

from cluster_mutants import Mutant, Patch, one, switched

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDS = 20_000
SECONDS_MAX = 1_800
# What is copied: folder of the copy, files of the tree.
SOURCES = (
    ("cluster", ROOT / "plugins/locator/cluster"),
    ("replication", ROOT / "plugins/diststore/replication"),
)

APPLY = "cluster/map/apply.cc"
MEMBER_HOST = "cluster/member/cluster_member_host.cc"
COPY = "replication/copy.cc"
SYNC = "replication/copy_sync.cc"
COPY_FILL = "replication/copy_fill.cc"
CONTENT = "replication/content.cc"
PRIMARY = "replication/primary.cc"
COMMIT = "replication/primary_commit.cc"
TERM = "replication/primary_term.cc"
STREAMS = "replication/primary_streams.cc"
FILL = "replication/primary_fill.cc"
REPLICAS = "replication/replicas.cc"
FLUSH = "replication/replicas_flush.cc"
OPERATIONS = "replication/operations.cc"

MUTANTS = [
    # --- writes and reads (section 4); the numbers are those of section 9 ---
    one("W4", "21-answered-before-all-in-sync", COMMIT, "if (!stream.is_required()) continue;",
        "if (!stream.is_required() || &stream != &streams_.front()) continue;"),
    Mutant("W3", "22-an-old-term-is-taken", (
        Patch(COPY, "is.term != message.head.term",
              "(is.term != message.head.term && !std::holds_alternative<Replicate>(message.body))"),
        Patch("replication/replicas_map.cc", "if (!is_same_copy) one.source = {};", ";"))),
    Mutant("W3", "23-gaps-are-taken", (
        Patch(COPY, "message.seq != state_.position + 1", "false"),
        Patch("replication_connections.cc", "over.is_breaking = true;\n    return break_soon(maker, other, time_.between(2ms, 300ms));",
              "if (!std::holds_alternative<replication::Replicate>(message.body)) "
              "break_soon(maker, other, time_.between(2ms, 300ms)); return;"))),
    Mutant("W3", "24-order-is-lost-while-a-map-is-fetched", (
        Patch(COPY, "message.seq != state_.position + 1", "false"),
        Patch(REPLICAS,
              "Message message = std::move(queue.front());\n      queue.pop_front();\n      take(from, message, moment, effects);",
              "Message message = std::move(queue.back()); queue.pop_back(); take(from, message, moment, effects);"))),
    one("W5", "25-a-read-does-not-wait", "replication/read_gate.h", "counter(hash).load(std::memory_order_acquire) != 0", "false"),
    one("W5", "a-scan-does-not-wait", PRIMARY, "if (state_.uncommitted.empty()) return effects.answers.push_back(std::move(settled));",
        "return effects.answers.push_back(std::move(settled));"),
    one("W5", "17-lease-and-term-are-looked-at-first", REPLICAS, "is_served && moment.has_lease()", "true"),
    one("W6", "18-a-write-without-a-lease", REPLICAS,
        "if (answer.is_write) return moment.has_lease() ? answer.verdict : Verdict::unknown;", "if (answer.is_write) return answer.verdict;",
        survives="it is on every in-sync copy: whoever takes over has it (W4, L4)"),
    one("W1", "47-condition-without-writes-under-way", PRIMARY, "if (there == write.condition.wanted()) continue;",
        "if (there == write.condition.wanted() || state_.uncommitted.last_of(write.key, write.hash) != nullptr) continue;"),
    one("W1", "a-failed-condition-does-not-wait", PRIMARY, "seen == nullptr", "true"),
    Mutant("W4", "committed-without-the-own-sync", (
        Patch(COMMIT, "site_.options.is_durable && !has_synced_", "false"),
        Patch(COMMIT, "site_.options.is_durable ? synced_ : state_.position", "state_.position"))),
    one("W3", "acknowledged-before-the-sync", FLUSH, "if (owes_ack) part.ack = ack_of(*one);",
        "if (owes_ack) effects.sends.push_back(ack_of(*one));"),
    # --- values that expire (docs/decisions/0037) ---
    one("TTL", "an-expired-value-is-answered", PRIMARY, "entry && has_expired(entry->expires_at, moment.wall)", "false"),
    one("TTL", "a-read-waits-past-the-end", COMMIT, "write == nullptr || has_expired(write->expires_at, moment.wall)", "write == nullptr"),
    one("TTL", "gone-before-the-copies-know", PRIMARY, "wait_for(key, hash, answer_of(request, Verdict::missing), effects);",
        "effects.answers.push_back(answer_of(request, Verdict::missing));"),
    one("TTL", "a-condition-sees-what-has-expired", PRIMARY, "is_asked && has_expired(content_.expiry_at(write.key), moment.wall)", "false"),
    one("TTL", "an-item-has-no-end", STREAMS, "item.expires_at = entry->expires_at;", ";"),
    one("TTL", "a-backfill-has-no-ends", "replication/fill_scan.cc", "entry.expires_at", "kNoExpiry"),
    one("TTL", "a-suspect-lives-for-ever", TERM, "entry->expires_at", "kNoExpiry"),
    one("TTL", "nothing-is-swept", FLUSH, "sweep_.step(moment, effects);", ";"),
    # --- reads of any copy (docs/decisions/0040) ---
    one("D40", "a-copy-shows-what-is-under-way", "replication/copy_gate.h",
        "version.seq <= copies_[partition].commit.load(std::memory_order_acquire)", "true"),
    one("D40", "a-copy-shows-an-erase-under-way", "replication/copy_gate.h",
        "position <= copies_[partition].commit.load(std::memory_order_acquire)", "true"),
    one("D40", "a-copy-shows-suspects", COPY, "!state_.has_suspects() && !site_.failure", "!site_.failure"),
    one("D40", "a-learner-is-read", COPY, "held_.assignment.role == Role::in_sync && held_.source.stream != 0",
        "held_.source.stream != 0"),
    one("D40", "a-former-copy-is-read", "replication/replicas_map.cc",
        "if (!is_same_copy) site_.copies.close(next.partition);", ";"),
    # --- operations of clients (docs/decisions/0044) ---
    one("D44", "a-copy-notes-no-operations", COPY, "site_.note_operation(held_, version, *message.batch);", ";"),
    one("D44", "a-first-attempt-is-not-looked-up", PRIMARY,
        "if (batch->operation.is_set() && answer_if_repeated(batch, request, moment, effects)) return;",
        "if (batch->is_again && answer_if_repeated(batch, request, moment, effects)) return;"),
    one("D44", "what-is-forgotten-is-new", OPERATIONS, "id.number > known.forgotten ? Seen::never : Seen::forgotten", "Seen::never"),
    one("D44", "what-is-pushed-out-is-not-forgotten", OPERATIONS,
        "if (known != nullptr) known->forgotten = std::max(known->forgotten, record.id.number);", ";"),
    one("D44", "a-filled-learner-relies-on-names", SYNC, "!is_to_be_filled && agrees_with(head, sync)", "agrees_with(head, sync)"),
    one("D44", "the-names-of-what-was-lost-stay", SYNC, "std::ranges::all_of(state_.uncommitted.entries(), is_confirmed)", "true"),
    one("D44", "what-a-copy-lacks-counts-as-new", SYNC, "std::ranges::all_of(sync.entries, is_known)", "true"),
    one("D44", "what-the-primary-has-forgotten-is-new", SYNC, "known.forgotten = std::max(known.forgotten, sync.operations_forgotten);", ";",
        survives="what a primary makes of a suspect's state is in its list when the stream begins: a copy without it gives up its names anyway"),
    one("D44", "a-second-attempt-does-not-wait", PRIMARY, "seq <= state_.commit", "true"),
    one("D44", "a-failure-leaves-something-to-the-first", PRIMARY, "!batch.operation.is_set() || !batch.is_again", "true"),
    one("D44", "a-restart-forgets-that-it-forgot", REPLICAS, "restored.state.operations.forget_names();", "restored.state.operations = {};"),
    one("D44", "a-second-attempt-is-refused-at-the-end", COMMIT, "one.answer.verdict = one.answer.is_write ? Verdict::unknown : Verdict::refused;",
        "one.answer.verdict = Verdict::refused;"),
    # --- takeover (I5, I6) ---
    Mutant("I5", "26-takeover-without-a-sync", (
        Patch(TERM, "is_stopping_ = has_consented_ = false;",
              "if (!has_begun_) { state_.commit = state_.position; state_.uncommitted.clear(); }", comes_before=True),
        Patch(SYNC, "Newest here;", "if (held_.assignment.role == Role::in_sync) return;", comes_before=True))),
    one("I5", "27-learners-left-out", SYNC, "note_suspects(sync);",
        "if (held_.assignment.role == Role::learner && state_.is_complete && state_.since == held_.assignment.since) {"
        "  state_.term = head.term; state_.position = sync.position; take_commit(sync.commit); owe_ack(); return; }"
        " note_suspects(sync);"),
    one("I5", "a-missing-entry-is-no-suspect", SYNC, "if (!is_known && content_.version_at(key) != version) state_.suspect(key);", ";"),
    one("I5", "the-index-first", SYNC, "held_.source = {.primary = from, .stream = head.stream};",
        "held_.source = {.primary = from, .stream = head.stream}; state_.position = sync.position; take_commit(sync.commit);"),
    one("I5", "a-learner-with-a-hole-goes-on", SYNC, "known >= sync.commit", "true"),
    one("I5", "positions-count-over-terms", SYNC, "state_.term == head.term ? state_.position : state_.commit", "state_.position"),
    Mutant("I6", "28-a-second-sync-forgets-suspects", (
        Patch(SYNC, "for (const auto& [key, version] : here)", "state_.suspects.clear();", comes_before=True),)),
    one("I6", "29-a-restart-forgets-suspects", REPLICAS, "restored.state = std::move(state);",
        "restored.state = std::move(state); restored.state.suspects.clear();"),
    one("I6", "30-a-primary-keeps-its-suspects-to-itself", TERM, "if (!state_.has_suspects()) return;",
        "state_.suspects.clear(); return;"),
    # --- in sync and learners (I3, I7, I8) ---
    one("I3", "31-without-the-term", APPLY, "partition_in(put.partition, put.term)", "partition(put.partition)"),
    Mutant("I3", "32-without-since", (
        Patch(APPLY, "learner == nullptr || learner->since != put.since", "learner == nullptr"),
        Patch(APPLY, "put.since == next_.epoch", "false"))),
    one("I3", "a-primary-does-not-forget", TERM, "std::ranges::find(streams_, copy, &Stream::copy)",
        "std::ranges::find_if(streams_, [&](Stream& known) {"
        "  if (known.copy.node != copy.node) return false;  known.copy = copy; return true; })"),
    one("I3", "33-an-asked-learner-is-not-required", "replication/primary.h", "!copy.is_learner() || is_asked", "!copy.is_learner()"),
    one("I8", "34-an-older-item-wins", COPY_FILL, "content_.version_at(item.key) < item.version", "true"),
    Mutant("I8", "35-no-tombstones", (
        Patch(CONTENT, "if (held_.state.is_complete) return Change::discard(write.key);", "return Change::discard(write.key);"),
        Patch(CONTENT, "held_.state.tombstones.emplace_back(key);",
              "note(site_.engine.apply_one(Change::discard(key))); return;", comes_before=True))),
    one("I8", "36-uncommitted-items-are-not-noted", COPY_FILL, "if (item.is_uncommitted) note_uncommitted(item);", ";",
        survives="the sync that opened the stream, or a replicate on it, has brought the entry"),
    one("I8", "an-older-item-loses-to-a-suspect", COPY_FILL, "is_fetched || state_.is_suspect(item.key)", "is_fetched"),
    one("I7", "37-backfill-onto-old-content", COPY_FILL, "content_.drop();", ";"),
    one("I7", "38-a-cut-backfill-keeps-what-it-has", REPLICAS, "if (restored.state.is_filling) start_empty(restored, none);",
        "if (restored.state.is_filling) { restored.state.is_filling = false; restored.state.base = restored.state.commit; }"),
    Mutant("I7", "39-a-log-that-is-too-short", (
        Patch(FILL, "held_.log.floor() > ask.base", "false"),
        Patch("replication/key_log.cc", "if (at.after < floor_) return false;", ";"))),
    one("I7", "40-without-the-learners-own-keys", FILL,
        "stream.fill->keys.assign(std::make_move_iterator(ask.keys.begin()), std::make_move_iterator(ask.keys.end()));", ";"),
    one("I7", "another-history-counts", FILL, "ask.has_base && ask.born == held_.assignment.born", "ask.has_base"),
    one("I7", "a-cut-recovery-moves-the-index", SYNC,
        "if (std::exchange(state_.is_complete, false)) state_.base = state_.commit;",
        "state_.is_complete = false; state_.base = state_.commit;"),
    # --- hand-over and boots (H1, B1, B2, M1, M2) ---
    Mutant("H1", "41-consent-while-it-serves", (
        Patch("replication/primary.h", "!is_stopping_ && !has_consented_", "true"),
        Patch(TERM, "site_.gate.serve(number(), 0);\n  refuse_waiting(effects);\n  site_.activate(held_);", "site_.activate(held_);"),
        Patch(TERM, "is_stopping_ && state_.uncommitted.empty()", "is_stopping_"))),
    Mutant("M1", "43-a-boot-leaves-the-term", (
        Patch(APPLY, "if (!partition.is_in_sync(node)) return;",
              "if (next_.durability == Durability::durable) return;", comes_before=True),)),
    one("B2", "44-a-restart-in-memory-stays-in-sync", APPLY, "take_out(partition, node);", "restarted_[number] = true;"),
    one("B1", "45-a-role-before-the-boot-is-in-the-map", MEMBER_HOST, "map()->at(slot).boot == self_.boot", "true"),
    one("M2", "a-boot-leaves-assignments", APPLY, "end_assignment(partition, node);", ";"),
    one("M2", "empty-leaves-learners", APPLY, "partition.learners.clear();", ";"),
]


def number_of(mutant: Mutant) -> int:
    return MUTANTS.index(mutant) + 1


def write_copy(folder: pathlib.Path) -> None:
    texts: dict[pathlib.Path, str] = {}
    for name, sources in SOURCES:
        for source in sorted(sources.rglob("*.[hc]*")):
            texts[folder / name / source.relative_to(sources)] = source.read_text()
    for source in sorted((ROOT / "tests/sim").glob("replication_*.[hc]*")):
        texts[folder / source.name] = source.read_text()
    for mutant in MUTANTS:
        for patch in mutant.patches:
            target = folder / patch.file
            if texts[target].count(patch.old) != 1:
                sys.exit(f"{mutant.name}: '{patch.old}' stands {texts[target].count(patch.old)} times in {patch.file}")
            texts[target] = texts[target].replace(patch.old, switched(patch, number_of(mutant)))
    texts[folder / "mutant.h"] = (
        "#pragma once\n#include <bitset>\n#include <cstdlib>\nnamespace p2p {\n"
        "inline std::bitset<256> mutants_on() {\n"
        "  std::bitset<256> on;\n"
        '  const char* wanted = std::getenv("P2P_MUTANTS");\n'
        "  while (wanted != nullptr && *wanted != 0) {\n"
        "    char* end = nullptr;\n"
        "    on.set(std::strtoul(wanted, &end, 10));\n"
        "    wanted = *end == ',' ? end + 1 : nullptr;\n"
        "  }\n"
        "  return on;\n}\n"
        "inline bool is_mutant(int number) {\n"
        "  static const std::bitset<256> on = mutants_on();\n"
        "  return on[static_cast<std::size_t>(number)];\n}\n}  // namespace p2p\n")
    for target, text in texts.items():
        if "is_mutant" in text and target.name != "mutant.h":
            if target.suffix == ".cc":
                text = '#include "mutant.h"\n' + text
            else:
                text = text.replace("#pragma once\n", '#pragma once\n#include "mutant.h"\n', 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)


def ran(program: str, mutants: list[Mutant], tests: str, seeds: int = 0) -> subprocess.CompletedProcess | None:
    """Null: it hangs."""
    numbers = ",".join(str(number_of(mutant)) for mutant in mutants)
    environment = dict(os.environ, P2P_MUTANTS=numbers, P2P_SIM_RUNS=str(seeds), P2P_SIM_LINES="0")
    try:
        return subprocess.run([program, f"--gtest_filter={tests}"], env=environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return None


def how_it_failed(program: str, mutant: Mutant, seeds: int) -> str:
    """The tests of single rules that fail, and "seed N: what" of the simulation; "" if nothing failed."""
    found = []
    rules = ran(program, [mutant], "Replication*:KeyLog*-*Sim*")
    if rules is None or rules.returncode != 0:
        names = re.findall(r"\[  FAILED  \] (\w+\.\w+) \(", rules.stdout) if rules else []
        found.append(", ".join(names) or "the tests of single rules end early")
    simulated = ran(program, [mutant], "ReplicationSim.AFewSeeds", seeds)
    if simulated is None:
        found.append("hangs")
    elif simulated.returncode != 0:
        seed = re.search(r"seed (\d+):\n(.{0,80})", simulated.stdout)
        found.append(f"seed {seed.group(1)}: {seed.group(2)}" if seed else f"ends with {simulated.returncode}")
    return "; ".join(found)


def run(program: str, wanted: list[str], seeds: int) -> int:
    wrong = 0
    for mutant in MUTANTS:
        if wanted and not {mutant.rule, mutant.name} & set(wanted):
            continue
        began = time.monotonic()
        outcome = how_it_failed(program, mutant, seeds)
        is_right = bool(outcome) != bool(mutant.survives)
        wrong += not is_right
        why = f" (as it must: {mutant.survives})" if mutant.survives and not outcome else ""
        print(f"{mutant.rule:3} {mutant.name:42} {outcome or 'SURVIVED'}{why}{'' if is_right else '   <-- WRONG'} "
              f"[{time.monotonic() - began:.0f} s]", flush=True)
    print(f"{wrong} are not as the table says" if wrong else "all are as the table says")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--run")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("wanted", nargs="*")
    arguments = parser.parse_args()
    if arguments.write:
        write_copy(arguments.write)
        return 0
    return run(arguments.run, arguments.wanted, arguments.seeds)


if __name__ == "__main__":
    sys.exit(main())
