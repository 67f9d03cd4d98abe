// An intake on told time, and short words for what it is told.
#pragma once

#include "fake_ring.h"
#include "replication/intake.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace p2p::diststore {

using Locations = std::vector<Location>;

class IntakeTest : public ::testing::Test {
 protected:
  using Effects = Intake::Effects;
  static constexpr Intake::Answer kFencedOnly{true, false, {}};
  static constexpr Intake::Answer kFencedAndClean{true, true, {}};

  // Each answers what the intake wishes then.
  Effects ring(Locations members, Locations leaving = {}) {
    Effects effects;
    auto view = std::make_shared<RankedRing>(kSelf, Ranks{}, std::move(members), std::move(leaving));
    intake.ring_changed(std::move(view), ++era, now, effects);
    return effects;
  }
  Effects join() {
    Effects effects;
    intake.joined(now, effects);
    return effects;
  }
  Effects answer(const Location& from, const Intake::Answer& answer) {
    Effects effects;
    intake.answered(from, answer, now, effects);
    return effects;
  }
  Effects no_answer(const Location& from) {
    Effects effects;
    intake.not_answered(from, now, effects);
    return effects;
  }
  Effects no_store(const Location& from) {
    Effects effects;
    intake.has_no_store(from, now, effects);
    return effects;
  }
  Effects of_2009(const Location& from) {
    Effects effects;
    intake.is_of_2009(from, now, effects);
    return effects;
  }
  // A node of the 2009 system shows its members: first, and once more after a pause.
  Effects shows_once(const Location& from, const Locations& members) {
    Effects effects;
    intake.has_shown(from, members, now, effects);
    return effects;
  }
  Effects shows(const Location& from, const Locations& members) {
    Effects first = shows_once(from, members);
    wake_up();
    Effects second = shows_once(from, members);
    second.is_changed = second.is_changed || first.is_changed;
    return second;
  }
  Effects census() {
    Effects effects;
    intake.begin_census(now, effects);
    return effects;
  }
  Effects tick() {
    Effects effects;
    intake.tick(now, effects);
    return effects;
  }
  // Goes to the moment of which the intake says that something is due then, and no further.
  Effects wake_up() {
    now = std::max(now, intake.next_wakeup());
    return tick();
  }
  // Until what is due has a claim, at most a second.
  Locations claims_within_a_second() {
    Locations claims;
    const TimePoint until = now + std::chrono::seconds(1);
    while (intake.next_wakeup() <= until) {
      for (const Location& claim : wake_up().claims) claims.push_back(claim);
    }
    now = until;
    return claims;
  }

  Locations sources() const {
    const auto gains = intake.gains();
    return gains.empty() ? Locations{} : gains.front().sources;
  }

  // A member of a ring of these, which it has taken over whole.
  void be_a_member_with(const Locations& others) {
    Locations members = others;
    members.push_back(kSelf);
    ring(members);
    join();
    for (const Location& other : others) answer(other, kFencedAndClean);
    ASSERT_TRUE(intake.is_established());
    ASSERT_TRUE(intake.gains().empty());
    ASSERT_EQ(intake.next_wakeup(), TimePoint::max());
  }

  TimePoint now{std::chrono::hours(1)};
  Era era = 0;
  std::set<Location> foreign;  // not known to be ours
  Intake intake{
      kSelf, [](Locations members) { return std::make_shared<const RankedRing>(kSelf, Ranks{}, std::move(members)); },
      [this](const Location& node) { return !foreign.contains(node); }};
};

}  // namespace p2p::diststore
