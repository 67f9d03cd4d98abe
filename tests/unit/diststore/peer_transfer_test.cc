#include "classic/peer_transfer.h"
#include "classic/receipt_wire.h"
#include "fake_host.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using NodeAddresses = std::vector<NodeAddress>;

// How this node answers other nodes that have keys for it, or ask for some.
class PeerTransferTest : public ::testing::Test, protected StoreFixture {
 protected:
  PeerTransferTest()
      : receipts(std::make_shared<ReceiptBook>()),
        rebalancer(std::make_shared<Rebalancer>(log, strand, classic, receipts)) {
    add_transfer_methods(methods, classic, rebalancer, receipts);
  }
  ~PeerTransferTest() override {
    rebalancer->stop();
    strand->advance(0s);
  }

  static wire::MovedItem item(std::string key, std::string value, Version version, bool is_latest = false) {
    wire::MovedItem made;
    made.key = std::move(key);
    made.value = std::move(value);
    made.version = to_wire(version);
    if (is_latest) made.__set_latest(true);
    return made;
  }
  static wire::MovedItem tombstone(std::string key, Version version) {
    wire::MovedItem made = item(std::move(key), "", version);
    made.__set_erased(true);
    return made;
  }
  static std::int64_t digest_of_all(const std::vector<wire::MovedItem>& items) {
    std::uint64_t sum = 0;
    for (const auto& one : items) sum += digest_of(one.key, one.value, from_wire(one.version), one.erased);
    return static_cast<std::int64_t>(sum);
  }
  static wire::StorePeer_transfer_args transfer_args(std::vector<wire::MovedItem> items, std::int64_t session = 11) {
    wire::StorePeer_transfer_args args;
    args.items = std::move(items);
    args.head.session = session;
    args.head.donor = kOther.name();
    args.head.view = 7;
    return args;
  }

  template <class Args>
  std::unique_ptr<FakeCall> dispatch(const std::string& method, const Args& args) {
    auto call = std::make_unique<FakeCall>(method, args, in(5s));
    call->dispatch(methods);
    return call;
  }
  template <class GeneratedResult, class Args>
  auto ask(const std::string& method, const Args& args) {
    const auto call = dispatch(method, args);
    auto reply = decode_reply<GeneratedResult>(call->reply);
    EXPECT_TRUE(reply.ok()) << call->failure;
    return reply.value().success;
  }
  wire::TransferReply transfer(const wire::StorePeer_transfer_args& args) {
    return ask<wire::StorePeer_transfer_result>("transfer", args);
  }
  wire::TransferReply transfer(std::vector<wire::MovedItem> items) { return transfer(transfer_args(std::move(items))); }
  wire::TransferRequestReply claim(const NodeAddress& receiver, std::int64_t view, std::string members = {}) {
    wire::StorePeer_claim_args args;
    args.claim.receiver = receiver.name();
    args.claim.view = view;
    if (!members.empty()) args.claim.__set_members(members);
    return ask<wire::StorePeer_claim_result>("claim", args);
  }
  std::vector<wire::FetchedKey> pull(std::vector<std::string> keys) {
    wire::StorePeer_pull_args args;
    args.keys = std::move(keys);
    return ask<wire::StorePeer_pull_result>("pull", args);
  }
  std::int64_t view() const { return fingerprint_of(*classic->ownership->share()->ring); }
  void rescan() {
    rebalancer->rescan();
    strand->advance(0s);
  }

  std::shared_ptr<ReceiptBook> receipts;
  std::shared_ptr<Rebalancer> rebalancer;
  Methods methods;
};

// --- transfer --------------------------------------------------------------------------------------------------------

TEST_F(PeerTransferTest, OurItemsAreTakenAndAcknowledgedByCountAndDigest) {
  hold("kept", "newer", {9, 9});
  const std::vector<wire::MovedItem> items{item("a", "apple", {5, 9}), tombstone("b", {6, 9}),
                                           item("kept", "older", {8, 9})};
  const auto reply = transfer(items);
  EXPECT_EQ(reply.stored, 2);
  EXPECT_EQ(reply.kept, 1);
  EXPECT_EQ(reply.digest, digest_of_all(items)) << "kept items count as they were sent";
  EXPECT_TRUE(reply.undone.empty());
  EXPECT_EQ(reply.view, view());
  EXPECT_FALSE(reply.__isset.members);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(stored("a")->version, (Version{5, 9}));
  EXPECT_TRUE(stored("b")->is_erased);
  EXPECT_EQ(value_of("kept"), "newer");
  EXPECT_EQ(classic->local->keys_moved_in(), 2);
}

TEST_F(PeerTransferTest, ItemsOfOtherNodesAreLeftToTheDonorAndOurTableIsSent) {
  own(kSelf, {{"b", kOther}, {"d", kThird}}, 8);
  const std::vector<wire::MovedItem> items{item("a", "apple", {5, 9}), item("b", "banana", {5, 9}),
                                           item("c", "cherry", {5, 9}), item("d", "date", {5, 9})};
  const auto reply = transfer(items);
  EXPECT_EQ(reply.undone, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(reply.stored, 2);
  EXPECT_EQ(reply.digest, digest_of_all({items[0], items[2]}));
  EXPECT_EQ(reply.view, 8);
  EXPECT_EQ(reply.members, "table of 127.0.0.1:9900");
  EXPECT_FALSE(stored("b"));
  EXPECT_FALSE(stored("d"));
  EXPECT_EQ(classic->local->keys_moved_in(), 2);
}

TEST_F(PeerTransferTest, TheDonorsTableIsReadWhenTheViewsDiffer) {
  auto args = transfer_args({item("a", "apple", {5, 9})});
  args.head.__set_members("table of the donor");
  transfer(args);
  EXPECT_TRUE(locator->merged.empty()) << "nothing was left undone";
  own(kOther);
  transfer(args);
  EXPECT_EQ(locator->merged, (std::vector<std::pair<NodeAddress, std::string>>{{kOther, "table of the donor"}}));
}

TEST_F(PeerTransferTest, ANodeThatOwnsNothingYetTakesNothing) {
  be_established(false);
  const auto reply = transfer({item("a", "apple", {5, 9}), item("b", "banana", {5, 9})});
  EXPECT_EQ(reply.undone, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(reply.stored + reply.kept, 0);
  EXPECT_EQ(reply.digest, 0);
  EXPECT_EQ(classic->local->engine().totals().keys, 0u);
  EXPECT_TRUE(receipts->all().empty()) << "nothing has arrived";
}

TEST_F(PeerTransferTest, NothingIsTakenByAnOutdatedRing) {
  classic->local->engine().fence(view_version() + 1);
  const auto reply = transfer({item("a", "apple", {5, 9})});
  EXPECT_EQ(reply.undone, (std::vector<std::int32_t>{0}));
  EXPECT_EQ(reply.stored, 0);
  EXPECT_FALSE(stored("a"));
}

TEST_F(PeerTransferTest, OnlyItemsFromTheirLastOwnerAreConfirmed) {
  await_keys(view_version(), {kOther});
  wire::MovedItem not_latest = item("c", "cherry", {5, 9});
  not_latest.__set_latest(false);
  transfer({item("a", "apple", {5, 9}, true), item("b", "banana", {5, 9}), not_latest});
  EXPECT_EQ(stored("a")->confirmed_in, view_version());
  EXPECT_EQ(stored("b")->confirmed_in, kNeverConfirmed);
  EXPECT_EQ(stored("c")->confirmed_in, kNeverConfirmed);
}

TEST_F(PeerTransferTest, ItemsAcknowledgedElsewhereAreTakenWhateverTheirSize) {
  const std::string key(store->options.key_bytes_max + 1, 'k');
  EXPECT_EQ(transfer({item(key, std::string(store->options.value_bytes_max + 1, 'v'), {5, 9})}).stored, 1);
  EXPECT_TRUE(value_of(key));
}

TEST_F(PeerTransferTest, AStampFarAheadIsTakenAndDoesNotMoveTheClock) {
  const Version far_ahead{stamp_of(std::uint64_t{1} << 46), 9};
  EXPECT_EQ(transfer({item("a", "apple", far_ahead)}).stored, 1);
  EXPECT_EQ(stored("a")->version, far_ahead);
  EXPECT_EQ(classic->local->stamps_too_far_ahead(), 1);
  hold("b", "banana");
  EXPECT_LT(stored("b")->version, far_ahead);
  hold("a", "written here");
  EXPECT_EQ(stored("a")->version.stamp, far_ahead.stamp + 1) << "but a write to this key gets a higher version";
}

TEST_F(PeerTransferTest, AStampThatNoClockIssuesIsNotTaken) {
  const auto reply = transfer({item("a", "apple", {std::uint64_t{1} << 63, 9})});
  EXPECT_EQ(reply.stored, 0);
  EXPECT_EQ(reply.undone, (std::vector<std::int32_t>{0}));
  EXPECT_FALSE(value_of("a"));
}

TEST_F(PeerTransferTest, ATransferOfTooManyItemsIsRefused) {
  std::vector<wire::MovedItem> items;
  for (std::size_t i = 0; i < kBatchKeysMax; ++i) items.push_back(item(std::to_string(i), "", {5, 9}));
  EXPECT_EQ(transfer(items).stored, static_cast<std::int32_t>(kBatchKeysMax)) << "as many as our own rebalancer sends";
  items.resize(1'000 * kBatchKeysMax);
  EXPECT_NE(dispatch("transfer", transfer_args(items))->failure.find("items, the limit is"), std::string::npos);
}

TEST_F(PeerTransferTest, ADonorWithoutAnAddressIsRefused) {
  const std::vector<std::string> names{
      "", "nowhere", "host:port", "a b:1", "a\":1", "a\\:1", "a\n:1", std::string(300, 'h') + ":1", "a\x01:1"};
  for (const std::string& name : names) {
    auto args = transfer_args({item("a", "apple", {5, 9})});
    args.head.donor = name;
    EXPECT_NE(dispatch("transfer", args)->failure.find("an address and a port"), std::string::npos) << name;
  }
  EXPECT_FALSE(stored("a"));
  EXPECT_TRUE(receipts->all().empty());
}

// --- finish and receipts ---------------------------------------------------------------------------------------------

TEST_F(PeerTransferTest, BothSidesOfATransferCountTheSame) {
  hold("kept", "newer", {9, 9});
  own(kSelf, {{"undone", kThird}}, 8);
  const std::vector<wire::MovedItem> first{item("a", "apple", {5, 9}), item("kept", "older", {8, 9})};
  const std::vector<wire::MovedItem> second{tombstone("b", {6, 9}), item("undone", "x", {5, 9})};
  transfer(first);
  transfer(second);
  wire::StorePeer_finish_args args;
  wire::Receipt& donors = args.donors;
  donors.session = 11;
  donors.donor = kOther.name();
  donors.receiver = kSelf.name();
  donors.view = 7;
  donors.keys = 3;
  donors.kept = 1;
  donors.bytes = 6 + 9 + 1;
  donors.digest_before = donors.digest_after = static_cast<std::int64_t>(
      static_cast<std::uint64_t>(digest_of_all(first)) + static_cast<std::uint64_t>(digest_of_all({second[0]})));
  donors.started_at_ms = donors.duration_ms = 0;
  donors.complete = false;
  const auto ours = ask<wire::StorePeer_finish_result>("finish", args);
  EXPECT_TRUE(ours.complete);
  EXPECT_TRUE(agree(from_wire(ours), from_wire(donors)));
  EXPECT_EQ(ours.view, 7) << "the view by which the donor chose the items";
  const auto all = ask<wire::StorePeer_receipts_result>("receipts", wire::StorePeer_receipts_args());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front(), ours);
  EXPECT_NE(dispatch("finish", args)->failure.find("nothing of this transfer"), std::string::npos) << "it has ended";
}

TEST_F(PeerTransferTest, ADonorThatCountsDifferentlyGetsAReceiptThatSaysSo) {
  const std::vector<wire::MovedItem> items{item("a", "apple", {5, 9})};
  transfer(items);
  wire::StorePeer_finish_args args;
  args.donors = to_wire(receipts->all().front());
  args.donors.digest_before += 1;
  const auto ours = ask<wire::StorePeer_finish_result>("finish", args);
  EXPECT_FALSE(ours.complete);
  EXPECT_EQ(ours.digest_before, digest_of_all(items));
  EXPECT_FALSE(receipts->all().front().is_complete);
}

TEST_F(PeerTransferTest, ATransferThatNeverArrivedCannotBeFinished) {
  wire::StorePeer_finish_args args;
  args.donors.session = 11;
  EXPECT_NE(dispatch("finish", args)->failure.find("nothing of this transfer"), std::string::npos);
}

TEST_F(PeerTransferTest, ATransferUnderWayIsListedAsIncomplete) {
  transfer({item("a", "apple", {5, 9})});
  const auto all = ask<wire::StorePeer_receipts_result>("receipts", wire::StorePeer_receipts_args());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().donor, kOther.name());
  EXPECT_EQ(all.front().receiver, kSelf.name());
  EXPECT_EQ(all.front().keys, 1);
  EXPECT_FALSE(all.front().complete);
}

// --- transfer request ------------------------------------------------------------------------------------------------

TEST_F(PeerTransferTest, ATransferRequestIsToldOurView) {
  work_by(locator->ring_of({kSelf, kOther}));
  EXPECT_EQ(claim(kOther, view()).view, view());
  EXPECT_EQ(claim(kThird, view() + 1).view, view());
}

TEST_F(PeerTransferTest, ThisNodeIsHandedOverAfterAScanByTheCurrentRing) {
  EXPECT_FALSE(claim(kOther, view()).handed_over) << "nothing has been scanned yet";
  strand->advance(0s);
  EXPECT_TRUE(claim(kOther, view()).handed_over) << "the request has started a scan";
  own(kSelf);
  EXPECT_FALSE(claim(kOther, view()).handed_over) << "the last scan was by the former ring";
  rescan();
  EXPECT_TRUE(claim(kOther, view()).handed_over);
}

TEST_F(PeerTransferTest, ThisNodeIsNotHandedOverWhileItHoldsAForeignKey) {
  hold("a", "apple");
  own(kOther);
  rescan();
  EXPECT_FALSE(claim(kThird, view()).handed_over);
}

TEST_F(PeerTransferTest, WhenTheViewsDifferTablesAreExchanged) {
  const auto same = claim(kOther, view(), "table of the claimant");
  EXPECT_FALSE(same.__isset.members);
  EXPECT_TRUE(locator->merged.empty());
  const auto different = claim(kOther, view() + 1, "table of the claimant");
  EXPECT_EQ(different.members, "table of 127.0.0.1:9900");
  EXPECT_EQ(locator->merged, (std::vector<std::pair<NodeAddress, std::string>>{{kOther, "table of the claimant"}}));
  claim(kOther, view() + 1);
  EXPECT_EQ(locator->merged.size(), 1u) << "it sent none";
}

TEST_F(PeerTransferTest, TheReplyToATransferRequestNamesTheNodesThatWeAwaitKeysFrom) {
  EXPECT_TRUE(claim(kOther, view()).sources.empty());
  await_keys(view_version(), {kOther, kThird, kFourth});
  EXPECT_EQ(claim(kOther, view()).sources, (std::vector<std::string>{kThird.name(), kFourth.name()}))
      << "the requester knows what it holds itself";
}

TEST_F(PeerTransferTest, ATransferRequestWithoutAnAddressIsRefused) {
  wire::StorePeer_claim_args args;
  args.claim.receiver = "nobody";
  args.claim.view = 7;
  EXPECT_FALSE(dispatch("claim", args)->failure.empty());
}

// --- fetch -----------------------------------------------------------------------------------------------------------

TEST_F(PeerTransferTest, ValuesTooLargeForOneMessageAreFetchedOneByOne) {
  hold("a", std::string(3 << 20, 'a'));
  hold("b", std::string(14 << 20, 'b'));
  own(kOther);
  const auto all = pull({"a", "b"});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].item.value.size(), std::size_t{3} << 20);
  EXPECT_FALSE(all[1].yielded) << "the requester asks for it again";
  EXPECT_FALSE(all[1].__isset.item);
  EXPECT_EQ(pull({"b"})[0].item.value.size(), std::size_t{14} << 20);
}

TEST_F(PeerTransferTest, KeysOfAnotherNodeAreYieldedWithTheirVersions) {
  hold("a", "apple", {5, 9});
  hold("b", "", {6, 9}, true);
  own(kOther);
  const auto all = pull({"b", "missing", "a"});
  ASSERT_EQ(all.size(), 3u) << "in the order of the request";
  for (const auto& one : all) {
    EXPECT_TRUE(one.yielded);
    EXPECT_TRUE(one.awaits.empty());
  }
  EXPECT_TRUE(all[0].item.erased);
  EXPECT_EQ(from_wire(all[0].item.version), (Version{6, 9}));
  EXPECT_FALSE(all[1].__isset.item);
  EXPECT_EQ(all[2].item.value, "apple");
  EXPECT_EQ(from_wire(all[2].item.version), (Version{5, 9}));
  EXPECT_EQ(value_of("a"), "apple") << "only the rebalancer moves it";
}

TEST_F(PeerTransferTest, KeysThatAreOursByOurRingAreNotYielded) {
  hold("a", "apple", {5, 9});
  const auto all = pull({"a"});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_FALSE(all[0].yielded);
  EXPECT_FALSE(all[0].__isset.item);
  be_established(false);
  EXPECT_FALSE(pull({"a"})[0].yielded) << "we may soon accept writes for it";
}

TEST_F(PeerTransferTest, TheNodesThatAKeyIsAwaitedFromAreNamed) {
  hold("unconfirmed", "older", {5, 9});
  hold("confirmed", "apple");
  work_by(locator->ring_of({kOther, kThird}));
  await_keys(view_version() - 1, {kOther, kThird});
  locator->ranks = {};
  const auto all = pull({"unconfirmed", "missing", "confirmed"});
  EXPECT_EQ(all[0].item.value, "older") << "it may be the newest nevertheless";
  const std::vector<std::string> all_of_them{kOther.name(), kThird.name()};  // this node is off the ring
  EXPECT_EQ(all[0].awaits, all_of_them);
  EXPECT_EQ(all[1].awaits, all_of_them);
  EXPECT_EQ(all[2].item.value, "apple");
  EXPECT_TRUE(all[2].awaits.empty()) << "no other node has a newer value";
}

TEST_F(PeerTransferTest, ANodeThatHasNotBegunToJoinReportsNoKeyAsMissing) {
  own(kOther);
  be_established(false);
  EXPECT_FALSE(pull({"a"})[0].yielded) << "it does not know yet which nodes have keys for it";
  await_keys(view_version(), {kOther});
  EXPECT_TRUE(pull({"a"})[0].yielded);
}

TEST_F(PeerTransferTest, APlaceholderCountsAsMissing) {
  ASSERT_EQ(classic->local->engine().apply_one(Change::confirm("a", view_version())).value(), Outcome::done);
  own(kOther);
  const auto all = pull({"a"});
  EXPECT_TRUE(all[0].yielded);
  EXPECT_FALSE(all[0].__isset.item);
}

TEST_F(PeerTransferTest, KeysThatDoNotFitIntoOneReplyAreNotYielded) {
  for (const char* key : {"a", "b", "c"}) hold(key, std::string(3 << 20, *key));
  own(kOther);
  const auto all = pull({"a", "b", "c"});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].item.value.size(), std::size_t{3} << 20);
  EXPECT_EQ(all[1].item.value.size(), std::size_t{3} << 20);
  EXPECT_FALSE(all[2].yielded);
  EXPECT_FALSE(all[2].__isset.item);
}

TEST_F(PeerTransferTest, AFetchOfTooManyKeysIsRefused) {
  wire::StorePeer_pull_args args;
  args.keys.resize(100'001);
  EXPECT_NE(dispatch("pull", args)->failure.find("100001 keys"), std::string::npos);
}

}  // namespace
}  // namespace p2p::diststore
