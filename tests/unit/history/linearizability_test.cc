// Is the search right? Against trying every order of few steps; and what a proof leaves out can be left out.
#include "history/linearizability.h"
#include "../../support/rounds.h"
#include "history/proof.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

namespace p2p::history {
namespace {

using Needs = Step::Needs;

// Every order, one after another. Few steps only.
class EveryOrder final {
 public:
  explicit EveryOrder(const std::vector<Step>& steps) : steps_(steps), placed_(steps.size()) {}

  bool has_one() {
    bool is_over = true;
    Moment first_end = kNever;
    for (std::size_t at = 0; at < steps_.size(); ++at) {
      if (placed_[at] || !steps_[at].is_certain) continue;
      is_over = false;
      first_end = std::min(first_end, steps_[at].ended);
    }
    if (is_over) return true;
    for (std::size_t at = 0; at < steps_.size(); ++at) {
      if (!placed_[at] && steps_[at].started <= first_end && begins_in_time(steps_[at]) && place(at)) return true;
    }
    return false;
  }

 private:
  // An uncertain step with an end takes no place after those that begin later.
  bool begins_in_time(const Step& step) const {
    for (std::size_t at = 0; at < steps_.size(); ++at) {
      if (placed_[at] && steps_[at].started > step.ended) return false;
    }
    return true;
  }

  bool place(std::size_t at) {
    const Step& step = steps_[at];
    if (!fits(step) || (step.leaves && step.version && version_ && *step.version <= *version_)) return false;
    const auto kept = std::pair(state_, version_);
    if (step.leaves) state_ = *step.leaves;
    if (step.leaves && step.version) version_ = step.version;
    placed_[at] = true;
    const bool found = has_one();
    placed_[at] = false;
    std::tie(state_, version_) = kept;
    return found;
  }

  bool fits(const Step& step) const {
    if (step.needs == Needs::a_value) return state_ != kAbsent;
    if (step.needs == Needs::exactly) return state_ == step.needed;
    return step.needs == Needs::anything || state_ != step.needed;
  }

  const std::vector<Step>& steps_;
  std::vector<bool> placed_;
  State state_ = kAbsent;
  std::optional<Version> version_;
};

// Steps by chance: most of them make no sense together, many do.
class Chance final {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  std::vector<Step> steps() {
    std::vector<Step> steps(2 + below(6));
    states_ = 2 + below(4);
    moments_ = 4 + below(20);
    percent_versions_ = below(3) * 50;
    percent_uncertain_ = below(3) * 25;
    for (Step& step : steps) fill(step);
    return steps;
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  bool happens(std::size_t percent) { return below(100) < percent; }

  void fill(Step& step) {
    step.started = static_cast<Moment>(below(moments_));
    step.ended = step.started + static_cast<Moment>(below(moments_ / 2 + 1));
    step.is_certain = !happens(percent_uncertain_);
    if (!step.is_certain && happens(60)) step.ended = kNever;
    if (happens(50)) step.needs = static_cast<Needs>(below(4));
    if (step.needs == Needs::exactly || step.needs == Needs::other_than) step.needed = state();
    if (step.needs == Needs::anything || happens(30)) step.leaves = state();
    if (step.leaves && happens(percent_versions_)) step.version = Version{1 + below(6), 0};
  }

  State state() { return static_cast<State>(below(states_)); }

  std::mt19937_64 random_;
  std::size_t states_ = 0;
  std::size_t moments_ = 0;
  std::size_t percent_versions_ = 0;
  std::size_t percent_uncertain_ = 0;
};

std::string text_of(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    text += std::to_string(step.started) + " to " + (step.ended == kNever ? "..." : std::to_string(step.ended)) +
            (step.is_certain ? "" : " perhaps") + ": needs " + std::to_string(static_cast<int>(step.needs)) + " " +
            std::to_string(step.needed) + (step.leaves ? " leaves " + std::to_string(*step.leaves) : "") +
            (step.version ? " version " + std::to_string(step.version->stamp) : "") + "\n";
  }
  return text;
}

bool is_impossible(const std::vector<Step>& steps) {
  return linearize(steps).verdict == Linearizability::Verdict::impossible;
}

TEST(Linearizability, IsWhatEveryOrderSays) {
  std::size_t impossible = 0;
  constexpr std::uint64_t kHistories = 40'000 / kRoundsShare;
  for (std::uint64_t seed = 0; seed < kHistories; ++seed) {
    const auto steps = Chance(seed).steps();
    const bool expected = !EveryOrder(steps).has_one();
    ASSERT_EQ(is_impossible(steps), expected) << "seed " << seed << "\n" << text_of(steps);
    impossible += expected ? 1 : 0;
  }
  EXPECT_GT(impossible, kHistories / 5);
  EXPECT_LT(impossible, kHistories * 4 / 5);
}

// Says nothing any more, or need not have happened.
std::vector<Step> without(std::vector<Step> steps, const std::vector<bool>& is_left_out) {
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (!is_left_out[at] || !steps[at].is_certain) continue;
    steps[at].is_certain = false;
    steps[at].ended = kNever;
  }
  return steps;
}

TEST(Proof, NeedsEachOfItsStepsAndNoOther) {
  for (std::uint64_t seed = 0; seed < 10'000 / kRoundsShare; ++seed) {
    const auto steps = Chance(seed).steps();
    if (!is_impossible(steps)) continue;
    const Proof proof = prove(steps);
    std::vector<bool> is_left_out(steps.size(), true);
    is_left_out[proof.step] = false;
    for (const std::size_t other : proof.others) is_left_out[other] = false;
    ASSERT_TRUE(is_impossible(without(steps, is_left_out))) << "seed " << seed << "\n" << text_of(steps);
    for (const std::size_t other : proof.others) {
      is_left_out[other] = true;
      ASSERT_FALSE(is_impossible(without(steps, is_left_out))) << "seed " << seed << "\n" << text_of(steps);
      is_left_out[other] = false;
    }
  }
}

TEST(Proof, NamesTheFirstStepThatFindsNoPlaceAndWhatWasThereBefore) {
  const std::vector<Step> steps{
      {.leaves = 1, .started = 0, .ended = 1},
      {.leaves = 2, .started = 2, .ended = 3},
      {.needs = Needs::exactly, .needed = 1, .started = 4, .ended = 5},  // stale
      {.needs = Needs::exactly, .needed = 7, .started = 6, .ended = 7},
  };
  const Proof proof = prove(steps);
  EXPECT_EQ(proof.step, 2u);
  EXPECT_EQ(proof.others, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(proof.states.size(), 1u);
  EXPECT_FALSE(proof.is_of_versions);
}

TEST(Proof, SaysWhenItIsTheVersionsThatDoNotFit) {
  const std::vector<Step> steps{
      {.leaves = 1, .version = Version{2, 0}, .started = 0, .ended = 1},
      {.leaves = 2, .version = Version{1, 0}, .started = 2, .ended = 3},
  };
  EXPECT_TRUE(prove(steps).is_of_versions);
}

TEST(Linearizability, IsUndecidedWhenTheSearchIsCutShort) {
  const std::vector<Step> steps{{.leaves = 1, .started = 0, .ended = 1}, {.leaves = 2, .started = 0, .ended = 1}};
  EXPECT_EQ(linearize(steps, {.places_max = 1}).verdict, Linearizability::Verdict::undecided);
}

}  // namespace
}  // namespace p2p::history
