#include "moving/mover.h"
#include "fake_host.h"
#include "moving/store_layer.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <set>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

class MoverTest : public ::testing::Test, protected StoreFixture {
 protected:
  MoverTest() : mover(std::make_shared<Mover>(log, strand, store)) {}
  ~MoverTest() override {
    mover->stop();
    strand->run_posted();
  }

  struct Transfer {
    FakePeers::Asked asked;
    std::vector<wire::Item> items;
  };
  Transfer take_transfer() {
    Transfer transfer{peers.take(), {}};
    Codec codec;
    codec.in().attach(transfer.asked.message);
    std::string name;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(name, type, sequence);
    wire::StorePeer_transfer_args args;
    args.read(&codec.binary_in());
    transfer.items = std::move(args.items);
    return transfer;
  }
  void answer(const Transfer& transfer, std::size_t stored, std::size_t kept = 0) {
    wire::TransferReply reply;
    reply.stored = static_cast<std::int32_t>(stored);
    reply.kept = static_cast<std::int32_t>(kept);
    FakeCall call("transfer", wire::StorePeer_transfer_args(), in(1s));
    Answer<wire::StorePeer_transfer_presult> answer{Call(&call)};
    answer(reply);
    transfer.asked.done(call.reply);
    strand->run_posted();
  }
  std::size_t confirm_all() {
    std::size_t moved = 0;
    while (!peers.asked.empty()) {
      const Transfer transfer = take_transfer();
      moved += transfer.items.size();
      answer(transfer, transfer.items.size());
    }
    return moved;
  }
  void move_to(Location rest, std::map<std::string, Location, std::less<>> owners = {}) {
    locator->ring = std::make_shared<FakeRing>(std::move(rest), std::move(owners));
    mover->look();
    strand->run_posted();
  }

  std::shared_ptr<Mover> mover;
};

TEST_F(MoverTest, KeysOfANewOwnerMoveAndTheOthersStay) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kSelf, {{"b", kOther}});
  ASSERT_EQ(peers.asked.size(), 1u);
  const Transfer transfer = take_transfer();
  EXPECT_EQ(transfer.asked.to, kOther);
  ASSERT_EQ(transfer.items.size(), 1u);
  EXPECT_EQ(transfer.items[0].value, "banana");
  EXPECT_GT(transfer.items[0].version.stamp, 0);
  EXPECT_EQ(held("b"), "banana") << "nothing is deleted before it is confirmed";
  answer(transfer, 1);
  EXPECT_EQ(held("b"), std::nullopt);
  EXPECT_EQ(held("a"), "apple");
  EXPECT_EQ(mover->keys_moved_out(), 1);
}

TEST_F(MoverTest, AKeyThatIsWrittenWhileItMovesIsSentAgain) {
  hold("a", "apple");
  move_to(kOther);
  const Transfer transfer = take_transfer();
  hold("a", "apricot");
  answer(transfer, 1);
  EXPECT_EQ(held("a"), "apricot");
  const Transfer again = take_transfer();
  EXPECT_EQ(again.items.at(0).value, "apricot");
  answer(again, 1);
  EXPECT_EQ(held("a"), std::nullopt);
  EXPECT_EQ(mover->keys_moved_out(), 1);
}

TEST_F(MoverTest, AKeyThatIsOursAgainBeforeItsConfirmationStays) {
  hold("a", "apple");
  move_to(kOther);
  const Transfer transfer = take_transfer();
  locator->ring = std::make_shared<FakeRing>(kSelf);
  answer(transfer, 1);
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, AFailedTransferIsTriedAgainUntilItSucceeds) {
  hold("a", "apple");
  move_to(kOther);
  for (int attempt = 0; attempt < 3; ++attempt) {
    take_transfer().asked.done(Error{ErrorKind::refused, "nobody listens"});
    strand->advance(0s);
    EXPECT_EQ(held("a"), "apple");
    EXPECT_TRUE(peers.asked.empty()) << "not at once";
    strand->advance(1s);
    ASSERT_EQ(peers.asked.size(), 1u);
  }
  EXPECT_EQ(locator->unreachable.size(), 3u);
  confirm_all();
  EXPECT_EQ(held("a"), std::nullopt);
}

TEST_F(MoverTest, AReplyThatDoesNotAccountForEveryKeyConfirmsNothing) {
  hold("a", "apple");
  move_to(kOther);
  answer(take_transfer(), 0);
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, AValueThatTheReceiverHasInANewerVersionIsConfirmedToo) {
  hold("a", "apple");
  move_to(kOther);
  answer(take_transfer(), 0, 1);
  EXPECT_EQ(held("a"), std::nullopt);
}

TEST_F(MoverTest, OnlySoManyBatchesAreInFlight) {
  for (int i = 0; i < 20; ++i) hold("key" + std::to_string(i), std::string(60, 'x'));
  move_to(kOther);
  EXPECT_EQ(peers.asked.size(), 2u);
  EXPECT_EQ(confirm_all(), 20u);
  EXPECT_EQ(store->local->engine().totals().keys, 0u);
}

TEST_F(MoverTest, AWriteThatSlipsInBehindTheLookIsFoundByTheSecond) {
  move_to(kOther);
  hold("late", "by an older view");
  strand->advance(2s);
  EXPECT_EQ(confirm_all(), 1u);
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty()) << "then it is quiet";
}

TEST_F(MoverTest, ALeaverHandsOverEverythingAndThenAcceptsNoMore) {
  hold("a", "apple");
  bool is_done = false;
  mover->hand_over(std::make_shared<FakeRing>(kOther), Completion([&] { is_done = true; }));
  strand->run_posted();
  const Transfer transfer = take_transfer();
  hold("b", "written during the hand-over");
  EXPECT_FALSE(is_done);
  answer(transfer, 1);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(is_done);
  wire::WriteResult ignored;
  std::string key = "c";
  std::string value = "too late";
  EXPECT_FALSE(store->local->write(key, value, ignored));
  EXPECT_EQ(mover->keys_moved_out(), 2);
}

TEST_F(MoverTest, ALeaverTriesAgainUntilItsKeysAreTaken) {
  hold("a", "apple");
  bool is_done = false;
  mover->hand_over(std::make_shared<FakeRing>(kOther), Completion([&] { is_done = true; }));
  strand->run_posted();
  take_transfer().asked.done(Error{ErrorKind::timed_out, "no answer"});
  strand->advance(1s);
  EXPECT_FALSE(is_done);
  confirm_all();
  EXPECT_TRUE(is_done);
}

TEST_F(MoverTest, ALeaverWhoseReceiverDiesTurnsToTheNextOne) {
  hold("a", "apple");
  bool is_done = false;
  mover->hand_over(std::make_shared<FakeRing>(kOther), Completion([&] { is_done = true; }));
  strand->run_posted();
  take_transfer().asked.done(Error{ErrorKind::refused, "nobody listens"});
  strand->advance(1s);
  ASSERT_EQ(peers.asked.size(), 1u);
  EXPECT_EQ(peers.asked.front().to, kThird);
  EXPECT_EQ(locator->unreachable, std::vector<Location>{kOther});
  confirm_all();
  EXPECT_TRUE(is_done);
}

TEST_F(MoverTest, AReceiverThatSaysNoIsNotReportedAsUnreachable) {
  hold("a", "apple");
  move_to(kOther);
  Codec codec;
  apache::thrift::TApplicationException no(apache::thrift::TApplicationException::INTERNAL_ERROR, "leaving");
  codec.binary_out().writeMessageBegin("transfer", apache::thrift::protocol::T_EXCEPTION, 0);
  no.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  take_transfer().asked.done(std::string(codec.out().written()));
  strand->run_posted();
  EXPECT_TRUE(locator->unreachable.empty());
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, TheLastNodeLeavesWithItsKeys) {
  hold("a", "apple");
  bool is_done = false;
  mover->hand_over(std::make_shared<FakeRing>(Location{}), Completion([&] { is_done = true; }));
  strand->run_posted();
  EXPECT_TRUE(is_done);
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, StoppingGivesUpAHandOver) {
  hold("a", "apple");
  bool is_done = false;
  mover->hand_over(std::make_shared<FakeRing>(kOther), Completion([&] { is_done = true; }));
  strand->run_posted();
  mover->stop();
  strand->run_posted();
  EXPECT_TRUE(is_done);
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, TheLayerContinuesTheChainBeforeItMovesKeys) {
  hold("a", "apple");
  StoreLayer layer(mover);
  layer.add(kOther, Next([&] { locator->ring = std::make_shared<FakeRing>(kOther); }));
  strand->run_posted();
  EXPECT_EQ(confirm_all(), 1u);
}

TEST_F(MoverTest, TheLayerContinuesACleanupOnlyWhenTheKeysAreGone) {
  hold("a", "apple");
  bool is_continued = false;
  StoreLayer layer(mover);
  layer.cleanup(std::make_shared<FakeRing>(kOther), Next([&] { is_continued = true; }));
  strand->run_posted();
  EXPECT_FALSE(is_continued);
  confirm_all();
  EXPECT_TRUE(is_continued);
}

}  // namespace
}  // namespace p2p::diststore
