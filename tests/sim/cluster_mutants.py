#!/usr/bin/env python3
"""Does the simulation of the agreed cluster notice when a rule is broken?

Each mutant breaks one rule in one place. All of them are written into one copy of the core's sources, behind a switch that the
product does not have (P2P_MUTANTS=MASK); one more build has that copy: of the simulation, and of the tests of single rules. A mutant
is caught when one of these, or a seed, fails.

TODO(soon): in 1,500 seeds survived lost-disk-under-the-same-id, grants-while-it-does-not-know and consent-for-any-term; the first was
caught by seed 281 of an earlier mixture of worlds.

    cluster_mutants.py --write FOLDER             writes the copy (the build does)
    cluster_mutants.py --run PROGRAM [NAME...]    all, or these; a line each, and whether that is what the table says
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
SEEDS = 20_000
SECONDS_MAX = 1_800


@dataclass(frozen=True)
class Patch:
    file: str  # below plugins/locator/cluster, or of tests/sim
    old: str  # an expression, or whole statements; stands there once
    new: str
    comes_before: bool = False  # `new` comes before `old`, which stays; else instead of it


@dataclass(frozen=True)
class Mutant:
    rule: str
    name: str
    patches: tuple[Patch, ...]
    survives: str = ""  # why no seed can notice; "": it must be caught
    with_: tuple[str, ...] = ()  # mutants that mask it: both together must be caught


def one(rule: str, name: str, file: str, old: str, new: str, survives: str = "", with_: tuple[str, ...] = ()) -> Mutant:
    return Mutant(rule, name, (Patch(file, old, new),), survives, with_)


AGREEMENT = "embedded/embedded_agreement.cc"
GRANTER = "embedded/granter.cc"
PROPOSER = "embedded/proposer.cc"
RECOVERING = "embedded/recovering.cc"
MEMBER = "member/cluster_member.cc"

MUTANTS = [
    # --- agreement ---
    Mutant("A1", "promise-not-on-disk", (
        Patch(AGREEMENT, "effects.saves.push_back(", "what.voter.promised = what.voter.accepted;", comes_before=True),)),
    Mutant("A1", "accepted-not-on-disk", (
        Patch(AGREEMENT, "effects.saves.push_back(", "what.voter.accepted = {}; what.voter.change = {};", comes_before=True),)),
    Mutant("A1", "voters-of-the-new-map", (
        Patch(AGREEMENT, "send_to_voters(std::move(*accept), effects);",
              "{ const Result<ClusterMap> next = apply(*map_, accept->change);"
              "  if (next.ok()) for (const Slot voter : next.value().voters)"
              "    effects.calls.push_back({.to = next.value().at(voter).id, .request = *accept}); }"),
        Patch(AGREEMENT, "!is_voter() || accept.slot != map_->epoch + 1",
              "map_ == nullptr || map_->epoch + 1 != accept.slot"),
        Patch(PROPOSER, "if (!is_of_this_round(map, accepted.slot, accepted.ballot, Phase::accepting) || !count(map, voter))\n"
                        "    return std::nullopt;",
              "if (!is_of_this_round(map, accepted.slot, accepted.ballot, Phase::accepting)) return std::nullopt;"
              "  if (!count(apply(map, *change_).value(), voter)) return std::nullopt;"))),
    one("A2", "half-is-a-majority", "map/cluster_map.h", "voters.size() / 2 + 1", "voters.size() < 2 ? 1 : voters.size() / 2"),
    one("A2", "accepted-not-adopted", PROPOSER, "promised.accepted > change_ballot_", "false"),
    one("A2", "promise-unchecked-at-accept", "embedded/voter.h", "ballot >= state_.promised", "true"),
    Mutant("A1", "slot-unchecked", (
        Patch(AGREEMENT, "prepare.slot != map_->epoch + 1", "false"),
        Patch(AGREEMENT, "accept.slot != map_->epoch + 1", "false"),
        Patch(AGREEMENT, "!is_outside && from.epoch < map_->epoch", "false"))),
    one("A7", "lost-disk-under-the-same-id", "cluster_world.cc", "lost_a_disk_ = true;",
        "crash(at, time_.between(1ms, 100ms)); machines_[at]->on_disk = {}; return;"),
    one("A4", "half-decided-waits", AGREEMENT, "now >= undecided_at()", "false"),
    # --- leases ---
    one("L3", "counted-from-the-answer", AGREEMENT, "take(from, *granted);",
        "take(from, Granted{.sent_at = now, .boot = granted->boot});"),
    one("L3", "clocks-run-alike", "lease_rules.h", "static_cast<double>(length.count()) * (1 - clock_ratio)",
        "static_cast<double>(length.count())"),
    one("L4", "promises-unchecked", AGREEMENT, "granter_.forbidden_for(*map_, changed, now)", "Duration{}"),
    one("L2", "grants-to-an-older-epoch", AGREEMENT, "from.epoch != map_->epoch", "from.epoch > map_->epoch"),
    one("L5", "grants-while-it-does-not-know", GRANTER, "accepted->changes_voters", "false"),
    one("L5", "grants-to-losers", GRANTER, "std::ranges::find(accepted->losers, node) != accepted->losers.end()", "false"),
    one("L5", "forgets-it-by-a-restart", AGREEMENT, "if (changed.ok()) accepted_effect_ = effect_of(*map_, changed.value());", ";"),
    one("D40", "settled-although-it-has-accepted", AGREEMENT, "accepted == nullptr", "true"),
    one("L6", "a-restarted-voter-fears-nobody", GRANTER, "fear_everyone(now);", ";"),
    one("L6", "new-voters-fear-nobody", AGREEMENT, "if (is_voter()) granter_.fear_everyone(now);", ";"),
    one("L6", "kept-voters-fear-nobody", AGREEMENT, "map_ == nullptr || map_->voters_since != next->voters_since",
        "map_ == nullptr || (map_->voters_since != next->voters_since && !is_voter())"),
    one("L7", "renews-while-it-refuses", GRANTER, "askers_[node].refused_until = now + rules_.refused_for();", ";"),
    one("L4", "any-refusal-is-proof", MEMBER, "agreement_->note_ended(node, {.number = boot});",
        "agreement_->note_ended(node, map()->slot_of(node) == kNoSlot ? Boot{boot, 0} : map()->at(map()->slot_of(node)).boot);"),
    one("E2", "one-voter-is-enough", "member/coordinator.cc", "witnesses_.is_lost(map, member.id, self_, now)", "true"),
    one("E2", "whoever-asks-comes-up", MEMBER, "is_here || reaches_majority(now)", "true"),
    one("L4", "its-own-end-is-no-proof", GRANTER, "note_ended(self, own_boot.number - 1);", ";"),
    # --- hand-over, boots ---
    one("H1", "serves-after-the-consent", MEMBER, "!handovers_.contains(partition)", "true"),
    one("H1", "consent-for-any-term", GRANTER, "std::ranges::find(asker->consents, wanted) != asker->consents.end()",
        "std::ranges::find(asker->consents, wanted.partition, &Consent::partition) != asker->consents.end()"),
    one("H1", "consent-for-a-death", GRANTER, "asker == nullptr || loss.loses_boot", "asker == nullptr"),
    one("B1", "acts-before-its-boot-is-in-the-map", AGREEMENT, "map_->is_up(self) && map_->at(self).boot == self_.boot",
        "map_->is_up(self)", survives="L2 grants nothing to another boot than the map's",
        with_=("grants-to-any-boot",)),
    one("L2", "grants-to-any-boot", AGREEMENT, "map_->is_up(asker) && map_->at(asker).boot == from.boot", "map_->is_up(asker)",
        survives="a node without its boot in the map holds no lease (B1)"),
    # --- recovery ---
    Mutant("J5", "generation-not-on-disk", (
        Patch(RECOVERING, "effects.saves.push_back(", "what = {.map = map_, .voter = voter_.state()};", comes_before=True),)),
    one("J5", "leaves-before-its-disk-says-so", RECOVERING, "reply_when_saved(from, Adopted{.epoch = map_->epoch}, id, effects);",
        "reply(from, Adopted{.epoch = map_->epoch}, id, effects);"),
    one("J5", "former-leases-are-not-feared", RECOVERING, "now >= *opens_at_", "true"),
    one("J5", "opens-before-the-survivors-have-left", RECOVERING, "confirmed_.size() == map_->confirmers.size()", "true"),
    one("J5", "acts-in-a-generation-that-is-not-open", AGREEMENT, "map_->is_recovering() || decreed_ != nullptr", "false"),
    one("J5", "recovers-without-the-newest", "member/recovery_plan.cc", "epoch > map_.epoch && map_.slot_of(node) != kNoSlot",
        "false"),
    one("J5", "recovers-while-a-majority-is-there", "member/recovery_plan.cc", "there < map_.majority()", "true"),
    one("J5", "generations-share-epochs", "map/recover.cc",
        "(map.generation + 1) * kEpochsOfGeneration + place * kEpochsOfRecovery", "map.epoch"),
    one("J5", "recoveries-share-epochs", "map/recover.cc", "recovery.draw % kRecoveriesOfGeneration",
        "0 * recovery.draw"),
    one("J5", "keeps-what-is-void", AGREEMENT, "!descends_from(*update.map, acted_by(*map_))", "false"),
    one("J5", "begins-anew-for-a-closed-generation", RECOVERING, "by.map->is_recovering()", "false"),
    one("J5", "forgets-what-a-survivor-knows", RECOVERING, "decrees_ >= kDecreesMax || !may_go_on_from(newer)", "true"),
    one("J5", "goes-on-from-anything", RECOVERING,
        "descends_from(map, map_->recovered_from) && std::ranges::all_of(map.voters, is_confirmed)", "true"),
    one("J5", "counts-what-nobody-acted-by", "map/recover.cc", "map.is_recovering() ? map.recovered_from : map.epoch", "map.epoch"),
    one("J5", "terms-outlast-a-recovery", "map/recover.cc", "partition.term = epoch;",
        "if (std::ranges::any_of(partition.in_sync, is_of_gone)) partition.term = epoch;"),
    one("J5", "learners-outlast-a-recovery", "map/recover.cc", "partition.learners.clear();", ";"),
    Mutant("J5", "generation-unchecked-at-promise-and-accept", (
        Patch(AGREEMENT, "prepare.ballot.generation != map_->generation", "false"),
        Patch(AGREEMENT, "accept.ballot.generation != map_->generation", "false"))),
]


def number_of(mutant: Mutant) -> int:
    return MUTANTS.index(mutant) + 1


def switched(patch: Patch, number: int) -> str:
    if patch.comes_before:
        return f"if (::p2p::is_mutant({number})) {{ {patch.new} }} {patch.old}"
    if patch.old.endswith(";"):
        return f"if (::p2p::is_mutant({number})) {{ {patch.new} }} else {{ {patch.old} }}"
    return f"(::p2p::is_mutant({number}) ? ({patch.new}) : ({patch.old}))"


def write_copy(folder: pathlib.Path) -> None:
    texts: dict[pathlib.Path, str] = {}
    for source in sorted((ROOT / "plugins/locator/cluster").rglob("*.[hc]*")):
        texts[folder / "cluster" / source.relative_to(ROOT / "plugins/locator/cluster")] = source.read_text()
    for source in sorted((ROOT / "tests/sim").glob("cluster_*.[hc]*")):
        texts[folder / source.name] = source.read_text()
    for mutant in MUTANTS:
        for patch in mutant.patches:
            inside = folder / "cluster" / patch.file
            target = inside if inside in texts else folder / patch.file
            if texts[target].count(patch.old) != 1:
                sys.exit(f"{mutant.name}: '{patch.old}' stands {texts[target].count(patch.old)} times in {patch.file}")
            texts[target] = texts[target].replace(patch.old, switched(patch, number_of(mutant)))
    head = '#include "mutant.h"\n#include "cluster/map/apply.h"\n'
    texts[folder / "mutant.h"] = ("#pragma once\n#include <cstdint>\n#include <cstdlib>\nnamespace p2p {\n"
                                  "inline std::uint64_t mutants_on() {\n"
                                  '  const char* wanted = std::getenv("P2P_MUTANTS");\n'
                                  "  return wanted == nullptr ? 0 : std::strtoull(wanted, nullptr, 0);\n}\n"
                                  "inline bool is_mutant(int number) {\n"
                                  "  static const std::uint64_t on = mutants_on();\n"
                                  "  return (on >> number & 1) != 0;\n}\n}  // namespace p2p\n")
    for target, text in texts.items():
        if target.suffix == ".cc":
            text = head + text
        elif "is_mutant" in text and target.name != "mutant.h":
            text = text.replace("#pragma once\n", '#pragma once\n#include "mutant.h"\n', 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)


def ran(program: str, mutants: list[Mutant], tests: str, seeds: int = 0) -> subprocess.CompletedProcess | None:
    """Null: it hangs."""
    mask = sum(1 << number_of(mutant) for mutant in mutants)
    environment = dict(os.environ, P2P_MUTANTS=str(mask), P2P_SIM_RUNS=str(seeds), P2P_SIM_LINES="0", P2P_SIM_SHRINK="0")
    try:
        return subprocess.run([program, f"--gtest_filter={tests}"], env=environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return None


def how_it_failed(program: str, mutants: list[Mutant], seeds: int) -> str:
    """The tests of single rules that fail, and "seed N: what" of the simulation; "" if nothing failed."""
    found = []
    rules = ran(program, mutants, "AgreementOfVoters.*:Leases.*:Recover*:KnowingMore*:ClusterSim.ABroken*:ClusterSim.WhoReaches*")
    if rules is None or rules.returncode != 0:
        names = re.findall(r"\[  FAILED  \] (\w+\.\w+) \(", rules.stdout) if rules else []
        found.append(", ".join(names) or "the tests of single rules end early")
    simulated = ran(program, mutants, "ClusterSim.AFewRecoveries" if mutants[0].rule == "J5" else "ClusterSim.AFewSeeds", seeds)
    if simulated is None:
        found.append("hangs")
    elif simulated.returncode != 0:
        seed = re.search(r"seed (\d+):\n(.{0,80})", simulated.stdout)
        found.append(f"seed {seed.group(1)}: {seed.group(2)}" if seed else f"ends with {simulated.returncode}")
    return "; ".join(found)


def run(program: str, wanted: list[str], seeds: int) -> int:
    by_name = {mutant.name: mutant for mutant in MUTANTS}
    wrong = 0
    for mutant in MUTANTS:
        if wanted and not {mutant.rule, mutant.name} & set(wanted):
            continue
        began = time.monotonic()
        outcome = how_it_failed(program, [mutant], seeds)
        is_right = bool(outcome) != bool(mutant.survives)
        if is_right and mutant.with_:
            both = how_it_failed(program, [mutant, *(by_name[name] for name in mutant.with_)], seeds)
            is_right = bool(both)
            outcome = f"survives alone; with {', '.join(mutant.with_)}: {both or 'SURVIVED'}"
        wrong += not is_right
        why = f" (as it must: {mutant.survives})" if mutant.survives and not outcome else ""
        print(f"{mutant.rule:3} {mutant.name:36} {outcome or 'SURVIVED'}{why}{'' if is_right else '   <-- WRONG'} "
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
