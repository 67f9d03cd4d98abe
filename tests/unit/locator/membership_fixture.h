// A classic membership core as node 9900, at a told time, and short words for what it hears and says.
#pragma once

#include "classic/core/classic_membership.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace p2p::classic {

inline const TimePoint kStart{std::chrono::seconds(1000)};

inline NodeAddress at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }
inline std::string name(int port) { return at(port).name(); }
inline Member alive(int port, std::int64_t incarnation = 1) { return {at(port), incarnation, MemberState::alive}; }
inline Member leaving(int port, std::int64_t incarnation = 1) { return {at(port), incarnation, MemberState::leaving}; }
inline Member removed(int port, std::int64_t incarnation = 1) { return {at(port), incarnation, MemberState::removed}; }
inline MembershipChange joined(int port) { return {ChangeKind::joined, at(port)}; }

inline std::vector<std::string> names(const std::vector<int>& ports) {
  std::vector<std::string> all;
  for (const int port : ports) all.push_back(name(port));
  return all;
}

inline bool is_nothing(const Effects& effects) {
  return effects.changes.empty() && effects.calls.empty() && !effects.table_changed && !effects.refuted &&
         !effects.farewell_done;
}

// Node 9900 with the members that the test names, its first timed comparison already behind it.
class ClassicMembershipTest : public ::testing::Test {
 protected:
  void TearDown() override { core.check(); }

  void with_members(const std::vector<int>& ports) {
    std::vector<Member> rows;
    for (const int port : ports) rows.push_back(alive(port));
    Effects effects;
    core.merge(rows, now, effects);
    core.tick(now, effects);
    for (const auto& call : effects.calls) core.call_ended(call.id, {CallOutcome::silent, {}}, now, effects);
  }

  Effects on_message(const Message& message) {
    Effects effects;
    EXPECT_TRUE(core.handle(message, now, effects).ok());
    core.check();
    return effects;
  }
  Effects end(const OutgoingCall& call, const CallResult& result) {
    Effects effects;
    core.call_ended(call.id, result, now, effects);
    core.check();
    return effects;
  }
  Effects end(const OutgoingCall& call, CallOutcome outcome) { return end(call, CallResult{outcome, {}}); }
  // Somebody reports that he could not connect, and the question that follows is refused.
  Effects fail_connect(int port) {
    Effects effects;
    core.connect_failed(at(port), now, effects);
    const auto is_question = [port](const auto& call) { return call.to == at(port); };
    const auto question = std::find_if(effects.calls.begin(), effects.calls.end(), is_question);
    return question == effects.calls.end() ? effects : end(*question, CallOutcome::refused);
  }
  Effects withdraw() {
    Effects effects;
    core.withdraw(now, effects);
    return effects;
  }
  Effects leave() {
    Effects effects;
    core.leave(now, effects);
    return effects;
  }
  // Passes the time until the core wants to do something, and lets it.
  Effects wake() {
    now = std::max(now, core.next_wakeup());
    Effects effects;
    core.tick(now, effects);
    return effects;
  }
  bool has_row(const Member& row) const {
    const auto rows = core.view().members;
    return std::find(rows.begin(), rows.end(), row) != rows.end();
  }

  TimePoint now = kStart;
  ClassicMembership core{alive(9900, 1), ClassicOptions{}};
};

}  // namespace p2p::classic
