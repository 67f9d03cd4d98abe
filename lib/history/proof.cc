#include "history/proof.h"

#include <algorithm>

namespace p2p::history {
namespace {

// One trial of many: where it takes longer, the proof is longer than it could be.
constexpr std::size_t kTrialPlacesMax = 200'000;
// Trials of leaving something out; most proofs take some tens.
constexpr std::size_t kTrialsMax = 1'000;

using Steps = std::vector<Step>;
using Indexes = std::vector<std::size_t>;

bool is_impossible(const Steps& steps) {
  return linearize(steps, {.places_max = kTrialPlacesMax}).verdict == Linearizability::Verdict::impossible;
}

// It says less: a finding says nothing any more, a change need not have happened.
void weaken(Step& step) {
  step.is_certain = false;
  step.ended = kNever;
}

// Certain steps in the order in which they end.
Indexes by_end(const Steps& steps) {
  Indexes indexes;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (steps[at].is_certain) indexes.push_back(at);
  }
  std::stable_sort(indexes.begin(), indexes.end(), [&](auto a, auto b) { return steps[a].ended < steps[b].ended; });
  return indexes;
}

// What was known when the first `count` of them had ended. The steps keep their indexes.
Steps beginning_of(Steps steps, const Indexes& ends, std::size_t count) {
  for (std::size_t at = count; at < ends.size(); ++at) weaken(steps[ends[at]]);
  return steps;
}

// How many have to end until there is no order.
std::size_t shortest_impossible(const Steps& steps, const Indexes& ends) {
  std::size_t possible = 0;
  std::size_t impossible = ends.size();
  while (impossible - possible > 1) {
    const std::size_t middle = possible + (impossible - possible) / 2;
    (is_impossible(beginning_of(steps, ends, middle)) ? impossible : possible) = middle;
  }
  return impossible;
}

Steps without(Steps steps, const Indexes& indexes, std::size_t from, std::size_t end) {
  for (std::size_t at = from; at < end; ++at) weaken(steps[indexes[at]]);
  return steps;
}

// Of all that ended before the step: those whose value it found, or should have, and then the latest, come last.
Indexes nearest_last(const Steps& steps, Indexes others, const Step& step) {
  const auto wrote_it = [&](std::size_t at) {
    return step.needs == Step::Needs::exactly && step.needed != kAbsent && steps[at].leaves == step.needed;
  };
  std::stable_partition(others.begin(), others.end(), [&](std::size_t at) { return !wrote_it(at); });
  return others;
}

// A few of the last of `others`, if these alone leave no order: most faults are of a moment.
void drop_far_ones(Steps& steps, Indexes& others) {
  for (std::size_t kept = 4; kept < others.size(); kept *= 4) {
    const std::size_t dropped = others.size() - kept;
    Steps fewer = without(steps, others, 0, dropped);
    if (!is_impossible(fewer)) continue;
    steps = std::move(fewer);
    others.erase(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(dropped));
    return;
  }
}

// Leaves out as many of `others` as can be, first in large pieces.
Indexes needed_of(Steps& steps, Indexes others) {
  drop_far_ones(steps, others);
  std::size_t trials = 0;
  for (std::size_t piece = std::max<std::size_t>(others.size() / 2, 1);; piece /= 2) {
    for (std::size_t from = 0; from < others.size() && ++trials < kTrialsMax;) {
      const std::size_t end = std::min(from + piece, others.size());
      Steps fewer = without(steps, others, from, end);
      if (is_impossible(fewer)) {
        steps = std::move(fewer);
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(from),
                     others.begin() + static_cast<std::ptrdiff_t>(end));
      } else {
        from = end;
      }
    }
    if (piece <= 1) return others;
  }
}

std::vector<State> states_of(const Steps& steps) {
  auto answer = linearize(steps, {.places_max = kTrialPlacesMax, .tells_all_values_apart = true});
  if (answer.verdict != Linearizability::Verdict::possible) answer = linearize(steps, {.places_max = kTrialPlacesMax});
  return answer.states;
}

bool is_possible_without_versions(Steps steps) {
  for (Step& step : steps) step.version.reset();
  return linearize(steps, {.places_max = kTrialPlacesMax}).verdict == Linearizability::Verdict::possible;
}

}  // namespace

Proof prove(std::span<const Step> all) {
  const Steps steps(all.begin(), all.end());
  const Indexes ends = by_end(steps);
  const std::size_t count = shortest_impossible(steps, ends);
  Proof proof;
  proof.step = ends[count - 1];
  proof.states = states_of(beginning_of(steps, ends, count - 1));
  Steps beginning = beginning_of(steps, ends, count);
  const Indexes before(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(count) - 1);
  proof.others = needed_of(beginning, nearest_last(steps, before, steps[proof.step]));
  std::sort(proof.others.begin(), proof.others.end(),
            [&](auto a, auto b) { return steps[a].started < steps[b].started; });
  proof.is_of_versions = is_possible_without_versions(beginning);
  return proof;
}

}  // namespace p2p::history
