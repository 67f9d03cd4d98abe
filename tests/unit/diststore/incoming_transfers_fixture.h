// An incoming transfers on told time, and short words for what it is told.
#pragma once

#include "classic/core/incoming_transfers.h"
#include "fake_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace p2p::diststore {

using NodeAddresses = std::vector<NodeAddress>;

class IncomingTransfersTest : public ::testing::Test {
 protected:
  using Effects = IncomingTransfers::Effects;
  static constexpr IncomingTransfers::Answer kFencedOnly{true, false, {}};
  static constexpr IncomingTransfers::Answer kFencedAndHandedOver{true, true, {}};

  // Each answers what the incoming transfers ask for then.
  Effects ring(NodeAddresses members, NodeAddresses leaving = {}) {
    Effects effects;
    auto view = std::make_shared<RankedRing>(kSelf, Ranks{}, std::move(members), std::move(leaving));
    incoming.ring_changed(std::move(view), ++view_version, now, effects);
    incoming.check();
    return effects;
  }
  Effects join() {
    Effects effects;
    incoming.joined(now, effects);
    incoming.check();
    return effects;
  }
  Effects answer(const NodeAddress& from, const IncomingTransfers::Answer& answer) {
    Effects effects;
    incoming.answered(from, answer, now, effects);
    incoming.check();
    return effects;
  }
  Effects no_answer(const NodeAddress& from) {
    Effects effects;
    incoming.not_answered(from, now, effects);
    incoming.check();
    return effects;
  }
  Effects no_store(const NodeAddress& from) {
    Effects effects;
    incoming.has_no_store(from, now, effects);
    incoming.check();
    return effects;
  }
  Effects of_2009(const NodeAddress& from) {
    Effects effects;
    incoming.is_of_2009(from, now, effects);
    incoming.check();
    return effects;
  }
  // A node of the 2009 system shows its members: first, and once more after a pause.
  Effects shows_once(const NodeAddress& from, const NodeAddresses& members) {
    Effects effects;
    incoming.has_shown(from, members, now, effects);
    incoming.check();
    return effects;
  }
  Effects shows(const NodeAddress& from, const NodeAddresses& members) {
    Effects first = shows_once(from, members);
    wake_up();
    Effects second = shows_once(from, members);
    second.is_changed = second.is_changed || first.is_changed;
    return second;
  }
  Effects tombstone_check() {
    Effects effects;
    incoming.begin_tombstone_check(now, effects);
    incoming.check();
    return effects;
  }
  Effects tick() {
    Effects effects;
    incoming.tick(now, effects);
    incoming.check();
    return effects;
  }
  // Goes to the moment of which the incoming transfers says that something is due then, and no further.
  Effects wake_up() {
    now = std::max(now, incoming.next_wakeup());
    return tick();
  }
  // Until what is due has a transfer request, at most a second.
  NodeAddresses requests_within_a_second() {
    NodeAddresses transfer_requests;
    const TimePoint until = now + std::chrono::seconds(1);
    while (incoming.next_wakeup() <= until) {
      for (const NodeAddress& claim : wake_up().transfer_requests) transfer_requests.push_back(claim);
    }
    now = until;
    return transfer_requests;
  }

  NodeAddresses sources() const {
    const auto acquired_ranges = incoming.acquired_ranges();
    return acquired_ranges.empty() ? NodeAddresses{} : acquired_ranges.front().sources;
  }

  // A member of a ring of these, which it has taken over whole.
  void be_a_member_with(const NodeAddresses& others) {
    NodeAddresses members = others;
    members.push_back(kSelf);
    ring(members);
    join();
    for (const NodeAddress& other : others) answer(other, kFencedAndHandedOver);
    ASSERT_TRUE(incoming.is_established());
    ASSERT_TRUE(incoming.acquired_ranges().empty());
    ASSERT_EQ(incoming.next_wakeup(), TimePoint::max());
  }

  TimePoint now{std::chrono::hours(1)};
  ViewVersion view_version = 0;
  std::set<NodeAddress> foreign;  // not known to be ours
  IncomingTransfers incoming{
      kSelf,
      [](NodeAddresses members) { return std::make_shared<const RankedRing>(kSelf, Ranks{}, std::move(members)); },
      [this](const NodeAddress& node) { return !foreign.contains(node); }};
};

}  // namespace p2p::diststore
