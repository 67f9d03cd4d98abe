#include "store_history.h"

#include <fmt/format.h>
#include <history/linearizability.h>

#include <algorithm>
#include <optional>

namespace p2p::sim {
namespace {

using Kind = StoreOperation::Kind;
using Outcome = StoreOperation::Outcome;

std::int64_t microseconds_of(TimePoint at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count() - 1'000'000'000;
}

std::string text_of(const StoreOperation& done) {
  const char* const kind = done.kind == Kind::read    ? "read"
                           : done.kind == Kind::write ? "write"
                           : done.kind == Kind::erase ? "erase"
                                                      : "swap";
  const char* const outcome = done.outcome == Outcome::done      ? ""
                              : done.outcome == Outcome::unknown ? " (unknown)"
                                                                 : " (not executed)";
  const std::string end = done.ended == TimePoint::max() ? "..." : std::to_string(microseconds_of(done.ended));
  const std::string repeats = done.repeats_most == 0 ? "" : fmt::format(" (perhaps {} times)", 1 + done.repeats_most);
  return fmt::format("  {:>9} to {:>9} us at {}: {} {}{}{}\n", microseconds_of(done.begun), end, done.node, kind,
                     done.value, outcome, repeats);
}

// A search that takes longer is given up: many open calls on one key have very many orders.
constexpr std::size_t kPlacesMax = 20'000;

history::State state_of(int value) { return value < 0 ? history::kStateMax : static_cast<history::State>(value); }

// What it finds and leaves, if it is executed. nullopt: that says nothing.
std::optional<history::Step> step_of(const StoreOperation& one) {
  using Needs = history::Step::Needs;
  const bool is_done = one.outcome == Outcome::done;
  if (one.outcome == Outcome::failed || (one.kind == Kind::read && !is_done)) return std::nullopt;
  switch (one.kind) {
    case Kind::read:
      return history::Step{.needs = Needs::exactly, .needed = state_of(one.value)};
    case Kind::write:
      return history::Step{.leaves = state_of(one.value)};
    case Kind::swap:
      return history::Step{.needs = Needs::exactly, .needed = state_of(one.expected), .leaves = state_of(one.value)};
    case Kind::erase:
      if (!is_done) return history::Step{.leaves = history::kAbsent};
      if (one.value != 0) return history::Step{.needs = Needs::a_value, .leaves = history::kAbsent};
      return history::Step{.needs = Needs::exactly, .needed = history::kAbsent};
  }
  return std::nullopt;
}

std::vector<history::Step> steps_of(const StoreHistory& history) {
  std::vector<history::Step> steps;
  for (const StoreOperation& one : history) {
    auto step = step_of(one);
    if (!step) continue;
    step->started = one.begun.time_since_epoch().count();
    step->is_certain = one.outcome == Outcome::done;
    if (step->is_certain) step->ended = one.ended.time_since_epoch().count();
    steps.push_back(*step);
    step->is_certain = false;
    if (one.kind == Kind::write) steps.insert(steps.end(), one.repeats_most, *step);
  }
  return steps;
}

}  // namespace

StoreHistory before(const StoreHistory& history, TimePoint at) {
  StoreHistory part;
  for (StoreOperation one : history) {
    if (one.begun >= at) continue;
    if (one.ended > at && one.outcome == Outcome::done) one.outcome = Outcome::unknown;
    part.push_back(one);
  }
  return part;
}

std::string not_linearizable(const StoreHistory& history) {
  const auto answer = history::linearize(steps_of(history), {.places_max = kPlacesMax});
  if (answer.verdict != history::Linearizability::Verdict::impossible) return "";
  StoreHistory sorted = history;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& left, const auto& right) { return left.begun < right.begun; });
  std::string text = "no order of these fits their answers:\n";
  for (const auto& one : sorted) text += text_of(one);
  return text;
}

std::string lost_put(const StoreHistory& history, Duration slack) {
  for (const auto& put : history) {
    if (put.kept_at == TimePoint()) continue;
    const bool is_found = std::any_of(history.begin(), history.end(), [&](const auto& other) {
      if (other.outcome == Outcome::failed || &other == &put) return false;
      if (other.kind == Kind::read) return other.outcome == Outcome::done && other.value == put.value;
      const TimePoint last = other.kept_at == TimePoint() ? other.ended : other.kept_at;
      return last == TimePoint::max() || last + slack >= put.kept_at;
    });
    if (!is_found) return "this was kept and got lost:\n" + text_of(put);
  }
  return "";
}

std::string read_of_nothing(const StoreHistory& history) {
  for (const auto& one : history) {
    if (one.kind != Kind::read || one.outcome != Outcome::done || one.value == 0) continue;
    const bool is_written = std::any_of(history.begin(), history.end(), [&](const auto& other) {
      return (other.kind == Kind::write || other.kind == Kind::swap) && other.value == one.value &&
             other.begun <= one.ended && other.outcome != Outcome::failed;
    });
    if (!is_written) return "this was never written:\n" + text_of(one);
  }
  return "";
}

}  // namespace p2p::sim
