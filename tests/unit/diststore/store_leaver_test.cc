// Calls for keys that a node of the 2009 system holds which leaves: it hands them over by puts, and answers nobody.
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

class LeaverOf2009 : public StoreMethods {
 protected:
  LeaverOf2009() {
    work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector{kSelf}, std::vector{kOther}));
    OwnershipSnapshot next = *classic->ownership->share();
    const auto before =
        std::make_shared<RankedRing>(kSelf, Ranks{{"a", {kOther}}, {"b", {kSelf}}}, std::vector{kSelf, kOther});
    next.leavers = {{kOther, before, before}};
    classic->classics->remember(kOther);
    next.acquired_ranges = {{view_version(), before, false, {kOther}, {kOther}}};
    publish(std::move(next));
  }
};

TEST_F(LeaverOf2009, AReadWaitsForItsPut) {
  const auto call = read("a");
  EXPECT_TRUE(peers.asked.empty()) << "it answers nobody";
  EXPECT_TRUE(call->reply.empty());
  put("a", "apple");
  strand->advance(kShortPause);
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(LeaverOf2009, AReadOfWhatItNeverPutsIsNotAnswered) {
  const auto call = read("a");
  strand->advance(5s);
  const auto reply = decode_reply<wire::Store_read_result>(call->reply);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::not_executed);
}

TEST_F(LeaverOf2009, AKeyThatItNeverHadIsMissing) {
  const auto call = read("b");
  EXPECT_FALSE(read_of(*call).found);
}

TEST_F(LeaverOf2009, AWriteWaitsForItsPutSoThatItIsNewer) {
  const auto call = write("a", "newer");
  EXPECT_TRUE(call->reply.empty());
  put("a", "apple");
  EXPECT_EQ(value_of("a"), "apple");
  strand->advance(kShortPause);
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(call->reply).ok());
  EXPECT_EQ(value_of("a"), "newer");
}

TEST_F(LeaverOf2009, APutWaitsForNobody) {
  put("a", "apple");
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(got(*get("a")), "apple");
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(LeaverOf2009, AnEmptyPutIsAClientsAndErasesWhatTheNodePuts) {
  const auto call = put("a", "");
  put("a", "apple");
  EXPECT_EQ(value_of("a"), "apple");
  strand->advance(kShortPause);
  EXPECT_EQ(value_of("a"), std::nullopt);
}

TEST_F(LeaverOf2009, APutIsKeptAndConfirmsNothingWhileItMayBeOneOfOurs) {
  classic->classics->note_ours(kOther);
  classic->classics->forget_ours_but(RankedRing(kSelf, Ranks{}, {kSelf}));
  put("a", "apple");
  EXPECT_EQ(value_of("a"), "apple");
  const auto call = get("a");
  EXPECT_TRUE(call->reply.empty()) << "the leaver may hold it with a version above that of the put";
  strand->advance(5s);
}

TEST_F(LeaverOf2009, APutWaitsForWhatANodeOfOursHolds) {
  classic->classics->note_ours(kOther);
  const auto call = put("a", "apple");
  EXPECT_EQ(value_of("a"), std::nullopt);
  yield("a", "older", {5, 9});
  EXPECT_EQ(value_of("a"), "apple");
}

// By its ring this node gets what belongs to another one by ours: one that has joined meanwhile, say.
TEST_F(LeaverOf2009, WhatItPutsHereForAnotherOneIsKeptAndNewerThanWhatThatOneHolds) {
  const auto leavers = classic->ownership->share()->leavers;
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{{"a", {kThird}}}, std::vector{kSelf, kThird}, std::vector{kOther}));
  const auto call = put("a", "apple");
  EXPECT_TRUE(call->forwarded_to.empty()) << "that would be a new write whenever it arrives";
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(stored("a")->confirmed_in, view_version());
  EXPECT_EQ(put("a", "")->forwarded_to, std::vector<NodeAddress>{kThird}) << "a client's, it puts no empty ones";
  EXPECT_EQ(put("c", "cherry")->forwarded_to, std::vector<NodeAddress>{}) << "that is ours";
}

// The key's new owner is of that system too.
class LeaverToAnotherOf2009 : public StoreMethods {
 protected:
  LeaverToAnotherOf2009() {
    const Ranks ranks{{"a", {kOther, kThird}}, {"b", {kThird}}};
    const auto members = std::vector{kSelf, kThird};
    work_by(std::make_shared<RankedRing>(kSelf, ranks, members, std::vector{kOther}));
    OwnershipSnapshot next = *classic->ownership->share();
    const auto before = std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kOther, kThird});
    next.leavers = {{kOther, before, before}};
    classic->classics->remember(kOther);
    publish(std::move(next));
    classic->classics->remember(kThird);
  }

  void end_leave() {
    work_by(std::make_shared<RankedRing>(kSelf, Ranks{{"a", {kThird}}}, std::vector{kSelf, kThird}));
    OwnershipSnapshot next = *classic->ownership->share();
    next.leavers = {};
    publish(std::move(next));
  }

  void answer_get(const std::string& value) {
    peers.take("get", kThird).done(reply_with<wire::Store_get_result>("get", value));
  }
};

TEST_F(LeaverToAnotherOf2009, ItIsNotAskedBeforeTheLeaverIsGone) {
  const auto call = read("a");
  strand->advance(kShortPause);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(call->reply.empty());
  end_leave();
  strand->advance(kShortPause);
  answer_get("apple");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(LeaverToAnotherOf2009, NothingIsWrittenOrErasedThereThatTheLeaverWouldOverwrite) {
  const auto written = write("a", "newer");
  const auto erased = erase("a");
  strand->advance(kShortPause);
  EXPECT_TRUE(peers.asked.empty());
  end_leave();
  strand->advance(kShortPause);
  peers.take("put", kThird).done(std::string());
  answer_get("");  // before it is erased
  answer_get("newer");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(erased->reply).ok());
}

// Whatever this node awaits of the leaver itself.
TEST_F(LeaverToAnotherOf2009, WhatWasNeverTheLeaversIsWrittenAtOnce) {
  OwnershipSnapshot next = *classic->ownership->share();
  next.acquired_ranges = {{view_version(), next.leavers.front().last_ring, false, {kOther}, {kOther}}};
  publish(std::move(next));
  classic->classics->remember(kOther);
  const auto call = write("b", "banana");
  peers.take("put", kThird).done(std::string());
  answer_get("banana");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(call->reply).ok());
}

TEST_F(LeaverToAnotherOf2009, AClassicPutGoesThereAtOnce) {
  const auto call = put("a", "apple");
  peers.take("put", kThird).done(std::string());
  answer_get("apple");
}

TEST_F(LeaverToAnotherOf2009, WhatALeaverOfOursHasNotGivenItIsNotCalledMissing) {
  classic->classics->note_ours(kOther);
  const auto call = read("a");
  answer_get("");
  EXPECT_TRUE(call->reply.empty());
  strand->advance(kShortPause);
  answer_get("apple");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(LeaverToAnotherOf2009, WhatWasNeverTheLeaversIsMissing) {
  const auto call = read("b");
  answer_get("");
  EXPECT_FALSE(read_of(*call).found);
}

TEST_F(LeaverToAnotherOf2009, WhatItHadIsMissingWhenTheLeaverIsGone) {
  end_leave();
  const auto call = read("a");
  answer_get("");
  EXPECT_FALSE(read_of(*call).found);
}

}  // namespace
}  // namespace p2p::diststore
