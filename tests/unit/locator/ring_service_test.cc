// What clients are told of the ring: one view, whole, and only by a node that is part of its network.
#include "wire/ring_service.h"
#include "node_fixture.h"

#include <Membership.h>
#include <p2p/idl/Ring.h>

#include <memory>
#include <optional>

namespace p2p::ring {
namespace {

using std::chrono::milliseconds;

class RingServiceTest : public NodeTest {
 protected:
  void serve_ring(TestNode& node) { wire::add_ring_methods(*node.methods, node.locator); }

  // What the node tells within a moment, if it does.
  std::optional<locator::RingState> state_of(int port) {
    // The answer may come later, when nobody looks at it any more.
    const auto told = std::make_shared<std::optional<locator::RingState>>();
    peers.call(at(port), "locator.ring", encode_call("state", locator::Ring_state_args()), std::chrono::seconds(1),
               [told](const p2p::Result<std::string>& reply) {
                 if (!reply.ok()) return;
                 const auto decoded = decode_reply<locator::Ring_state_result>(reply.value());
                 if (decoded.ok()) *told = decoded.value().success;
               });
    time.pass(milliseconds(10));
    return *told;
  }
};

TEST_F(RingServiceTest, TellsMembersAndFingerprintOfOneView) {
  TestNode& node = make(9900, {});
  serve_ring(node);
  node.begin();
  time.pass(milliseconds(10));
  auto state = state_of(9900);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->members.size(), 1u);
  EXPECT_EQ(static_cast<std::uint64_t>(state->view), node.changes->view().fingerprint());
  EXPECT_EQ(state->placement, "classic");
  EXPECT_TRUE(state->leaving.empty());

  ::membership::Membership_add_args add;
  add.member.address = "127.0.0.1";
  add.member.port = 40'000;  // negative in the wire's i16
  add.member.incarnation = 7;
  add.member.state = ::membership::MemberState::alive;
  peers.call(at(9900), "locator.peer", encode_call("add", add), std::chrono::seconds(1), [](const auto&) {});
  time.pass(milliseconds(10));
  const auto later = state_of(9900);
  ASSERT_TRUE(later);
  ASSERT_EQ(later->members.size(), 2u);
  EXPECT_EQ(from_wire(later->members[0]), at(40'000)) << "sorted by name";
  EXPECT_NE(later->view, state->view);
  EXPECT_EQ(static_cast<std::uint64_t>(later->view), node.changes->view().fingerprint());
}

TEST_F(RingServiceTest, TellsTheWholeStateToWhoAsksWhatHasChanged) {
  TestNode& node = make(9900, {});
  serve_ring(node);
  node.begin();
  time.pass(milliseconds(10));
  std::optional<locator::RingDelta> delta;
  peers.call(at(9900), "locator.ring", encode_call("state_since", locator::Ring_state_since_args()),
             std::chrono::seconds(1), [&delta](const p2p::Result<std::string>& reply) {
               const auto decoded = decode_reply<locator::Ring_state_since_result>(reply.value());
               if (decoded.ok()) delta = decoded.value().success;
             });
  time.pass(milliseconds(10));
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->whole, *state_of(9900));
  EXPECT_FALSE(delta->whole.__isset.epoch || delta->whole.__isset.owners) << "there are no partitions";
}

TEST_F(RingServiceTest, TellsNothingBeforeTheNodeIsPartOfItsNetwork) {
  TestNode& node = make(9900, {});
  serve_ring(node);
  EXPECT_FALSE(state_of(9900));
  node.begin();
  time.pass(milliseconds(10));
  EXPECT_TRUE(state_of(9900));
}

}  // namespace
}  // namespace p2p::ring
