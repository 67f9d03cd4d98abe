// Which failures speak against a member, and which only say that this node hears nothing. Members are on machines of
// their own; this node is on 127.0.0.1.
#include "membership_fixture.h"

#include "classic/core/witnesses.h"

#include <functional>

namespace p2p::classic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NodeAddress machine(int number, int port = 9900) {
  return {"10.0.0." + std::to_string(number), static_cast<std::uint16_t>(port)};
}

class EvidenceTest : public ClassicMembershipTest {
 protected:
  void with_machines(const std::vector<NodeAddress>& members) {
    std::vector<Member> rows;
    for (const NodeAddress& member : members) rows.push_back({member, 1, MemberState::alive});
    Effects effects;
    core.merge(rows, now, effects);
    core.tick(now, effects);
    for (const auto& call : effects.calls) end(call, CallOutcome::answered);
  }

  // Lets the core do what it wants for `duration`: each call ends as `ends(call)` says, those that nobody answers a
  // second later than the others.
  void run(Duration duration, const std::function<CallOutcome(const NodeAddress&)>& ends) {
    const TimePoint until = now + duration;
    while (now < until) {
      const auto asked = wake();
      std::vector<std::pair<OutgoingCall, CallOutcome>> unanswered;
      now += milliseconds(1);
      for (const auto& call : asked.calls) {
        const CallOutcome outcome = ends(call.to);
        if (outcome == CallOutcome::unheard || outcome == CallOutcome::silent) {
          unanswered.emplace_back(call, outcome);
        } else {
          keep(end(call, outcome));
        }
      }
      if (unanswered.empty()) continue;
      now += seconds(1);
      for (const auto& [call, outcome] : unanswered) keep(end(call, outcome));
    }
  }
  void keep(const Effects& effects) {
    changes.insert(changes.end(), effects.changes.begin(), effects.changes.end());
    // What is passed on arrives.
    for (const auto& call : effects.calls) end(call, CallOutcome::answered);
  }
  bool is_member(const NodeAddress& node) const {
    const auto members = core.members();
    return std::find(members.begin(), members.end(), node) != members.end();
  }

  std::vector<MembershipChange> changes;
};

TEST_F(EvidenceTest, AMachineThatIsSwitchedOffIsGivenUpWhileAnotherAnswers) {
  with_machines({machine(2), machine(3)});
  run(seconds(5),
      [](const NodeAddress& to) { return to == machine(2) ? CallOutcome::unheard : CallOutcome::answered; });
  EXPECT_EQ(changes, (std::vector<MembershipChange>{{ChangeKind::left, machine(2), Departure::silent}}));
}

TEST_F(EvidenceTest, WhenNobodyAnswersThisNodesOwnLinkIsDownAndNobodyIsGivenUp) {
  with_machines({machine(2), machine(3), machine(4)});
  run(seconds(120), [](const NodeAddress&) { return CallOutcome::unheard; });
  EXPECT_EQ(core.members().size(), 4u);
  // It is up again: those who were silent have answers, or are found out now.
  run(seconds(10),
      [](const NodeAddress& to) { return to == machine(2) ? CallOutcome::unheard : CallOutcome::answered; });
  EXPECT_EQ(changes, (std::vector<MembershipChange>{{ChangeKind::left, machine(2), Departure::silent}}));
}

TEST_F(EvidenceTest, OfTwoMachinesNeitherCanTellWhoseLinkIsDown) {
  with_machines({machine(2), machine(2, 9901), at(9901)});
  run(seconds(60),
      [](const NodeAddress& to) { return to.host == "10.0.0.2" ? CallOutcome::unheard : CallOutcome::answered; });
  EXPECT_EQ(core.members().size(), 4u) << "who is on this node's own machine is no witness";
}

TEST_F(EvidenceTest, WhoseMachineIsHeardIsNotSwitchedOff) {
  with_machines({machine(2), machine(2, 9901), machine(3)});
  run(seconds(60),
      [](const NodeAddress& to) { return to == machine(2) ? CallOutcome::unheard : CallOutcome::answered; });
  EXPECT_TRUE(is_member(machine(2))) << "the queue of its listener may be full";
}

TEST_F(EvidenceTest, LostConnectsBetweenAnswersGiveNobodyUp) {
  with_machines({machine(2), machine(3)});
  int asked = 0;
  run(seconds(120), [&](const NodeAddress& to) {
    if (to != machine(2)) return CallOutcome::answered;
    return ++asked % 2 == 0 ? CallOutcome::unheard : CallOutcome::answered;
  });
  EXPECT_TRUE(changes.empty());
}

TEST_F(EvidenceTest, AFrozenMemberStaysHoweverOftenItIsReported) {
  with_machines({machine(2), machine(3)});
  for (int report = 0; report < 100; ++report) {
    Effects effects;
    core.connect_failed(machine(2), now, effects);
    for (const auto& call : effects.calls)
      keep(end(call, call.to == machine(2) ? CallOutcome::silent : CallOutcome::answered));
    run(milliseconds(100),
        [](const NodeAddress& to) { return to == machine(2) ? CallOutcome::silent : CallOutcome::answered; });
  }
  EXPECT_TRUE(changes.empty());
}

TEST_F(EvidenceTest, ReportsOfOthersGiveNobodyUpWhoAnswers) {
  with_machines({machine(2), machine(3)});
  for (int report = 0; report < 1000; ++report) {
    Effects effects;
    core.connect_failed(machine(2), now, effects);
    for (const auto& call : effects.calls) keep(end(call, CallOutcome::answered));
    now += milliseconds(10);
  }
  EXPECT_TRUE(changes.empty());
}

TEST_F(EvidenceTest, ReportsMakeNoMoreQuestionsThanOneAPause) {
  with_machines({machine(2), machine(3)});
  std::size_t questions = 0;
  for (int report = 0; report < 1000; ++report) {
    Effects effects;
    core.connect_failed(machine(2), now, effects);
    questions += static_cast<std::size_t>(std::count_if(effects.calls.begin(), effects.calls.end(),
                                                        [](const auto& call) { return call.to == machine(2); }));
    for (const auto& call : effects.calls)
      end(call, call.to == machine(2) ? CallOutcome::broken : CallOutcome::answered);
    now += milliseconds(1);
  }
  EXPECT_LE(questions, 5u);
}

TEST_F(EvidenceTest, WhatThisNodeIsNotAbleToDoSpeaksAgainstNobody) {
  with_machines({machine(2), machine(3), at(9901)});
  run(seconds(120), [](const NodeAddress&) { return CallOutcome::unable; });
  // Some connections are there already, and answer.
  run(seconds(120),
      [](const NodeAddress& to) { return to == machine(2) ? CallOutcome::unable : CallOutcome::answered; });
  EXPECT_TRUE(changes.empty());
}

TEST_F(EvidenceTest, AStrangerInAMembersPlaceIsFoundOutInSecondsAndNotAtOnce) {
  with_machines({machine(2), machine(3)});
  const auto ends = [](const NodeAddress& to) {
    return to == machine(2) ? CallOutcome::stranger : CallOutcome::answered;
  };
  const TimePoint begin = now;
  while (changes.empty() && now < begin + seconds(10)) run(milliseconds(1), ends);
  EXPECT_EQ(changes, (std::vector<MembershipChange>{{ChangeKind::left, machine(2), Departure::replaced}}));
  EXPECT_GE(now - begin, kStrangerLeast);
  EXPECT_LE(now - begin, kStrangerLeast + seconds(2));
}

TEST_F(EvidenceTest, ANodeThatIsFullNowAndThenIsNoStranger) {
  with_machines({machine(2), machine(3)});
  int asked = 0;
  run(seconds(300), [&](const NodeAddress& to) {
    return to == machine(2) && ++asked % 5 != 0 ? CallOutcome::stranger : CallOutcome::answered;
  });
  EXPECT_TRUE(changes.empty());
}

TEST(Witnesses, AnAnswerFromBeforeTheCallSaysNothing) {
  Witnesses witnesses("10.0.0.1");
  witnesses.heard("10.0.0.3", 6);
  EXPECT_FALSE(witnesses.speak_against("10.0.0.2", 7));
  witnesses.heard("10.0.0.3", 7);
  EXPECT_TRUE(witnesses.speak_against("10.0.0.2", 7));
}

TEST(Witnesses, NobodySpeaksAgainstWhoIsOnThisMachineOrHasBeenHeard) {
  Witnesses witnesses("10.0.0.1");
  witnesses.heard("10.0.0.1", 9);
  witnesses.heard("10.0.0.2", 9);
  EXPECT_FALSE(witnesses.speak_against("10.0.0.2", 5));
  EXPECT_FALSE(witnesses.speak_against("10.0.0.1", 5));
  EXPECT_TRUE(witnesses.speak_against("10.0.0.3", 5));
}

TEST(Witnesses, OfMoreMachinesThanThereIsRoomForTheLastAreRemembered) {
  Witnesses witnesses("here");
  for (std::uint64_t call = 1; call <= 10 * kMachinesHeardMax; ++call) {
    witnesses.heard("machine " + std::to_string(call), call);
    EXPECT_TRUE(witnesses.speak_against("silent", call));
  }
}

}  // namespace
}  // namespace p2p::classic
