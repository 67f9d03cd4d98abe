// Nodes of the 2009 system as members of a classic membership core under test.
#pragma once

#include "membership_fixture.h"

#include <algorithm>
#include <vector>

namespace p2p::classic {

using std::chrono::milliseconds;
using std::chrono::seconds;

// In these tests old nodes have ports below 9900, so that their names sort before those of ours.
inline Member row_of_old(int port, MemberState state = MemberState::alive) { return {at(port), kUnknownLife, state}; }

class NodesOf2009Test : public ClassicMembershipTest {
 protected:
  // Members that are known to be old nodes.
  void with_old_nodes(const std::vector<int>& ports) {
    for (const int port : ports) {
      Effects effects;
      core.classic_join(at(port), {at(port)}, now, effects);
    }
  }

  // An old node announces to this one that it leaves.
  Effects say_leaving(int port) {
    Effects effects;
    core.classic_remove(at(port), names({port}), now, effects);
    return effects;
  }

  // Waits until `port` is surveyed; other calls meanwhile are not answered.
  OutgoingCall survey(int port) {
    for (int interval = 0; interval < 20; ++interval) {
      const auto asked = wake();
      const auto found =
          std::find_if(asked.calls.begin(), asked.calls.end(), [&](const auto& call) { return call.to == at(port); });
      for (const auto& call : asked.calls) {
        if (call.to != at(port)) end(call, CallOutcome::silent);
      }
      if (found != asked.calls.end()) return *found;
    }
    ADD_FAILURE() << "nobody surveys " << port;
    return {};
  }
  // The call to a removed node; there is no other node.
  OutgoingCall question_to_removed() {
    std::vector<OutgoingCall> calls;
    for (int interval = 0; interval < kComparesPerRemovedNode; ++interval) {
      const auto asked = wake();
      calls.insert(calls.end(), asked.calls.begin(), asked.calls.end());
    }
    EXPECT_EQ(calls.size(), 1u);
    return calls.empty() ? OutgoingCall{} : calls[0];
  }
  static CallResult list(const std::vector<int>& ports) {
    CallResult result{CallOutcome::answered, {}};
    for (const int port : ports) result.view.members.push_back(row_of_old(port));
    return result;
  }
  Effects survey_answered(int port, const std::vector<int>& ports) { return end(survey(port), list(ports)); }

  // The targets of a chain when the call to each of them fails.
  std::vector<int> targets(Effects effects) {
    std::vector<int> ports;
    while (!effects.calls.empty()) {
      EXPECT_EQ(effects.calls.size(), 1u);
      ports.push_back(effects.calls[0].to.port);
      EXPECT_EQ(effects.calls[0].is_classic, effects.calls[0].to.port < 9900);
      effects = end(effects.calls[0], CallOutcome::silent);
    }
    return ports;
  }
};

}  // namespace p2p::classic
