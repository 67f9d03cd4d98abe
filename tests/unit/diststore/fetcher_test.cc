#include "classic/fetcher.h"
#include "fake_host.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

// This node has joined the other three, which may all hold keys of it: "a" the other one, "b" and "c" the third.
class FetcherTest : public ::testing::Test, protected StoreFixture {
 protected:
  FetcherTest() {
    locator->ranks = {{"a", {kSelf, kOther}}, {"b", {kSelf, kThird}}, {"c", {kSelf, kThird}}};
    work_by(locator->ring_of({kSelf, kOther, kThird, kFourth}));
    await_keys(view_version(), {kOther, kThird, kFourth});
  }

  // What confirm() reported; nothing while it is running.
  std::shared_ptr<std::optional<bool>> confirm_keys(std::vector<std::string> keys) {
    const auto told = std::make_shared<std::optional<bool>>();
    confirm(classic, std::move(keys), in(5s), [told](bool is_confirmed) {
      EXPECT_FALSE(told->has_value()) << "it runs exactly once";
      *told = is_confirmed;
    });
    return told;
  }

  static wire::FetchedKey nothing(std::vector<std::string> awaits = {}) {
    wire::FetchedKey fetched;
    fetched.yielded = true;
    fetched.awaits = std::move(awaits);
    return fetched;
  }
  static wire::FetchedKey item(std::string value, Version version, std::vector<std::string> awaits = {}) {
    wire::FetchedKey fetched = nothing(std::move(awaits));
    wire::MovedItem one;
    one.value = std::move(value);
    one.version = to_wire(version);
    fetched.__set_item(one);
    return fetched;
  }
  static wire::FetchedKey tombstone(Version version) {
    wire::FetchedKey fetched = item("", version);
    fetched.item.__set_erased(true);
    return fetched;
  }
  static wire::FetchedKey not_yielded() {
    wire::FetchedKey fetched;
    fetched.yielded = false;
    return fetched;
  }
  // `node` must have been asked for these keys; it answers so.
  void answer(const NodeAddress& node, const std::vector<std::string>& keys,
              const std::vector<wire::FetchedKey>& fetched) {
    const Asked asked = peers.take("pull", node);
    EXPECT_EQ(asked.service, "diststore.peer");
    EXPECT_EQ(Arguments<wire::StorePeer_pull_args>(asked)->keys, keys);
    asked.done(reply_with<wire::StorePeer_pull_result>("pull", fetched));
  }
  void fail(const NodeAddress& node, ErrorKind kind) { peers.take("pull", node).done(Error{kind, "test"}); }

  // What counts here now.
  Outcome read(const std::string& key, std::string& value) {
    const OwnershipProof right = classic->ownership->share()->proof_for(key);
    return classic->local->engine()
        .get(key, right, [&](std::string_view stored, Version, WallMs) { value = stored; })
        .value();
  }
  Outcome read(const std::string& key) {
    std::string ignored;
    return read(key, ignored);
  }
  std::string value_of(const std::string& key) {
    std::string value;
    return read(key, value) == Outcome::done ? value : "(none)";
  }
};

TEST_F(FetcherTest, AKeyIsFetchedFromItsFormerOwner) {
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
  const auto told = confirm_keys({"a"});
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"pull of 9901"}));
  EXPECT_FALSE(peers.asked.front().is_classic);
  EXPECT_EQ(peers.asked.front().deadline, store->options.forward_timeout);
  EXPECT_FALSE(told->has_value());
  answer(kOther, {"a"}, {item("apple", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(stored("a")->version, (Version{5, 9}));
  EXPECT_EQ(stored("a")->confirmed_in, view_version());
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(FetcherTest, AKeyThatNobodyHoldsIsConfirmedAsMissing) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {nothing()});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(read("a"), Outcome::missing);
}

TEST_F(FetcherTest, AKeyThatWasErasedIsMissingToo) {
  hold("a", "older", {4, 9});
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {tombstone({5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(read("a"), Outcome::missing);
  EXPECT_EQ(stored("a")->version, (Version{5, 9}));
}

TEST_F(FetcherTest, WhomTheFormerOwnerAwaitsIsAskedInTurn) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {item("older", {5, 9}, {kThird.name()})});
  EXPECT_FALSE(told->has_value());
  EXPECT_EQ(read("a"), Outcome::unconfirmed) << "the third may hold something newer";
  answer(kThird, {"a"}, {nothing({kFourth.name()})});
  EXPECT_FALSE(told->has_value());
  answer(kFourth, {"a"}, {item("newer", {6, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "newer");
}

TEST_F(FetcherTest, TheNewestVersionOfAllWinsInWhateverOrderTheyCome) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {item("middle", {6, 9}, {kThird.name(), kFourth.name()})});
  answer(kFourth, {"a"}, {item("newest", {7, 9})});
  EXPECT_FALSE(told->has_value()) << "the third has not answered";
  answer(kThird, {"a"}, {item("oldest", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "newest");
}

TEST_F(FetcherTest, WhatLiesHereAlreadyWinsIfItIsNewer) {
  hold("a", "moved here meanwhile", {8, 9});
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {item("older", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "moved here meanwhile");
}

TEST_F(FetcherTest, NobodyIsAskedTwiceAndNotOneself) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {nothing({kThird.name(), kSelf.name()})});
  answer(kThird, {"a"}, {nothing({kOther.name(), kSelf.name(), kThird.name()})});
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(*told, true);
}

TEST_F(FetcherTest, ANameThatIsNoneIsPassedOver) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {nothing({"nonsense", kThird.name()})});
  answer(kThird, {"a"}, {nothing()});
  EXPECT_EQ(*told, true);
}

TEST_F(FetcherTest, TheKeyIsOursWhateverTheReplyCallsIt) {
  const auto told = confirm_keys({"a"});
  wire::FetchedKey fetched = item("apple", {5, 9});
  fetched.item.key = "somebody else's";
  answer(kOther, {"a"}, {fetched});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_FALSE(stored("somebody else's"));
}

// --- several keys ----------------------------------------------------------------------------------------------------

TEST_F(FetcherTest, KeysOfOneFormerOwnerAreAskedForTogether) {
  const auto told = confirm_keys({"b", "a", "c"});
  EXPECT_EQ(peers.asked.size(), 2u);
  answer(kThird, {"b", "c"}, {item("banana", {5, 9}), item("cherry", {5, 9})});
  EXPECT_FALSE(told->has_value());
  EXPECT_EQ(value_of("b"), "banana") << "each is confirmed as soon as it can be";
  EXPECT_EQ(value_of("c"), "cherry");
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
  answer(kOther, {"a"}, {item("apple", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(FetcherTest, AKeyThatFailsDoesNotKeepTheOthersFromBeingConfirmed) {
  const auto told = confirm_keys({"b", "a", "c"});
  answer(kThird, {"b", "c"}, {not_yielded(), item("cherry", {5, 9})});
  answer(kOther, {"a"}, {item("apple", {5, 9})});
  EXPECT_EQ(*told, false);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(read("b"), Outcome::unconfirmed);
  EXPECT_EQ(value_of("c"), "cherry");
}

TEST_F(FetcherTest, OnlyTheKeyThatIsAwaitedElsewhereIsAskedForThere) {
  const auto told = confirm_keys({"b", "c"});
  answer(kThird, {"b", "c"}, {item("banana", {5, 9}), nothing({kFourth.name()})});
  answer(kFourth, {"c"}, {item("cherry", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("c"), "cherry");
}

TEST_F(FetcherTest, WithoutAnyKeyItIsDoneAtOnce) {
  EXPECT_EQ(*confirm_keys({}), true);
  EXPECT_TRUE(peers.asked.empty());
}

// --- what goes wrong -------------------------------------------------------------------------------------------------

TEST_F(FetcherTest, ANodeThatStillOwnsTheKeyByItsRingIsNotDoneWithIt) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {not_yielded()});
  EXPECT_EQ(*told, false);
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
  EXPECT_FALSE(stored("a"));
}

TEST_F(FetcherTest, WhatComesFromANodeThatStillOwnsTheKeyConfirmsNothing) {
  const auto told = confirm_keys({"a"});
  wire::FetchedKey fetched = item("apple", {5, 9});
  fetched.yielded = false;
  answer(kOther, {"a"}, {fetched});
  EXPECT_EQ(*told, false);
  EXPECT_EQ(read("a"), Outcome::unconfirmed) << "its owner may write it at this moment";
}

TEST_F(FetcherTest, AStampThatNoClockIssuesIsNotTaken) {
  confirm_keys({"a"});
  answer(kOther, {"a"}, {item("apple", {std::uint64_t{1} << 63, 9})});
  EXPECT_FALSE(StoreFixture::value_of("a"));
}

TEST_F(FetcherTest, AKeyThatHasGoneToAnotherNodeIsNotFetched) {
  own(kSelf, {{"a", kThird}});
  EXPECT_EQ(*confirm_keys({"a"}), false);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_FALSE(stored("a")) << "not even a placeholder: it would be foreign here";
}

TEST_F(FetcherTest, ANodeThatOwnsNothingYetFetchesNothing) {
  be_established(false);
  EXPECT_EQ(*confirm_keys({"a"}), false);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_FALSE(stored("a"));
}

TEST_F(FetcherTest, ANodeThatDoesNotListenIsReportedAndTheKeyWaits) {
  const auto told = confirm_keys({"a"});
  fail(kOther, ErrorKind::refused);
  EXPECT_EQ(*told, false);
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
  EXPECT_EQ(locator->unreachable, (std::vector<NodeAddress>{kOther}));
}

TEST_F(FetcherTest, ANodeThatDoesNotAnswerIsNotReported) {
  for (const ErrorKind kind : {ErrorKind::timed_out, ErrorKind::closed, ErrorKind::overloaded, ErrorKind::cancelled}) {
    const auto told = confirm_keys({"a"});
    fail(kOther, kind);
    EXPECT_EQ(*told, false) << to_text(kind);
    EXPECT_EQ(read("a"), Outcome::unconfirmed) << to_text(kind);
  }
  EXPECT_TRUE(locator->unreachable.empty());
}

TEST_F(FetcherTest, ANodeThatSaysNoIsNotReportedAndTheKeyWaits) {
  const auto told = confirm_keys({"a"});
  peers.take("pull").done(exception_with("p2p:draining: diststore.peer"));
  EXPECT_EQ(*told, false);
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
  EXPECT_TRUE(locator->unreachable.empty());
}

TEST_F(FetcherTest, OneFailureOfManyIsEnough) {
  const auto told = confirm_keys({"a"});
  answer(kOther, {"a"}, {item("older", {5, 9}, {kThird.name(), kFourth.name()})});
  fail(kThird, ErrorKind::timed_out);
  EXPECT_FALSE(told->has_value());
  answer(kFourth, {"a"}, {nothing()});
  EXPECT_EQ(*told, false);
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
}

TEST_F(FetcherTest, WhatANodeOfThe2009SystemHasStillToPutIsNotKnown) {
  const auto told = confirm_keys({"a"});
  fail(kOther, ErrorKind::unsupported);
  EXPECT_EQ(*told, false);
  classic->classics->remember(kOther);
  EXPECT_EQ(*confirm_keys({"a"}), false);
  EXPECT_TRUE(peers.asked.empty()) << "it comes by a put, and not sooner for being asked for";
  const auto further = confirm_keys({"b"});
  answer(kThird, {"b"}, {nothing()});
  EXPECT_EQ(*further, true) << "that one had no such key";
}

TEST_F(FetcherTest, WhatANodeOfThe2009SystemHasNotPutWhenItHasPutAllIsMissing) {
  await_keys(view_version(), {kThird, kFourth});
  const auto told = confirm_keys({"a"});
  fail(kOther, ErrorKind::unsupported);
  EXPECT_EQ(*told, true) << "whoever else is slow";
  EXPECT_EQ(read("a"), Outcome::missing);
}

TEST_F(FetcherTest, UnlessItHasJoinedSoShortlyAgoThatItHadNotGotIt) {
  await_keys(view_version(), {kThird, kFourth});
  OwnershipSnapshot next = *classic->ownership->share();
  next.gifts = {{kOther, {kThird}, locator->ring_of({kThird, kFourth})}};
  publish(std::move(next));
  classic->classics->note_ours(kThird);
  const auto told = confirm_keys({"a"});
  fail(kOther, ErrorKind::unsupported);
  answer(kThird, {"a"}, {item("apple", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(FetcherTest, OfTwoThatMayHaveJoinedOneAfterTheOtherTheFirstOfOursIsAsked) {
  locator->ranks["a"] = {kSelf, kOther, kThird, kFourth};
  work_by(locator->ring_of({kSelf, kOther, kThird, kFourth}));
  await_keys(view_version(), {kFourth});
  OwnershipSnapshot next = *classic->ownership->share();
  next.gifts = {{kOther, {kFourth}, locator->ring_of({kThird, kFourth})},
                {kThird, {kFourth}, locator->ring_of({kOther, kFourth})}};
  publish(std::move(next));
  classic->classics->remember(kThird);
  classic->classics->note_ours(kFourth);
  const auto told = confirm_keys({"a"});
  fail(kOther, ErrorKind::unsupported);
  answer(kFourth, {"a"}, {item("apple", {5, 9})});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(FetcherTest, BehindANodeWithoutAStoreAnyOtherMayHoldTheKey) {
  const std::vector<Result<std::string>> replies{
      exception_with("p2p:unknown: no service diststore.peer", apache::thrift::TApplicationException::UNKNOWN_METHOD),
      exception_with("p2p:disabled: diststore.peer", apache::thrift::TApplicationException::UNKNOWN_METHOD)};
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const std::string key = "abc"[i] + std::string();
    const NodeAddress without_store = key == "a" ? kOther : kThird;
    const auto told = confirm_keys({key});
    peers.take("pull", without_store).done(replies[i]);
    EXPECT_FALSE(told->has_value());
    answer(without_store == kOther ? kThird : kOther, {key}, {nothing()});
    answer(kFourth, {key}, {item("apple", {5, 9})});
    EXPECT_EQ(*told, true);
    EXPECT_EQ(value_of(key), "apple");
    EXPECT_TRUE(peers.asked.empty());
  }
  EXPECT_TRUE(locator->unreachable.empty());
}

TEST_F(FetcherTest, WhereNobodyHasAStoreThereIsNoKey) {
  await_keys(view_version(), {});
  const auto told = confirm_keys({"a"});
  peers.take("pull", kOther).done(Error{ErrorKind::unsupported, "a node of the 2009 system"});
  EXPECT_EQ(*told, true);
  EXPECT_EQ(read("a"), Outcome::missing);
}

TEST_F(FetcherTest, AReplyThatDoesNotFitTheQuestionSaysNothing) {
  const auto told = confirm_keys({"b", "c"});
  answer(kThird, {"b", "c"}, {item("banana", {5, 9})});
  EXPECT_EQ(*told, false);
  EXPECT_EQ(read("b"), Outcome::unconfirmed);
  EXPECT_FALSE(stored("b"));
  const auto again = confirm_keys({"b"});
  peers.take("pull").done(std::string("no message at all"));
  EXPECT_EQ(*again, false);
}

TEST_F(FetcherTest, WhatArrivesInTheNextViewVersionIsNotTaken) {
  const auto told = confirm_keys({"a"});
  work_by(locator->ring_of({kSelf, kOther}));
  answer(kOther, {"a"}, {item("apple", {5, 9})});
  EXPECT_EQ(*told, false);
  EXPECT_FALSE(stored("a")) << "the key may belong to another node by now";
}

TEST_F(FetcherTest, AKeyThatIsMissingEverywhereIsNotConfirmedInTheNextViewVersion) {
  const auto told = confirm_keys({"a"});
  work_by(locator->ring_of({kSelf, kOther}));
  answer(kOther, {"a"}, {nothing()});
  EXPECT_EQ(*told, false);
  EXPECT_FALSE(stored("a"));
}

TEST_F(FetcherTest, OnlySoManyNodesAreAskedForOneKey) {
  const auto told = confirm_keys({"a"});
  std::vector<std::string> many;
  for (std::uint16_t port = 1; port <= 2 * kAskedMax; ++port) many.push_back(NodeAddress{"10.0.0.1", port}.name());
  answer(kOther, {"a"}, {nothing(many)});
  EXPECT_EQ(peers.asked.size(), kAskedMax - 1) << "and the first one";
  while (!peers.asked.empty()) answer(peers.asked.front().to, {"a"}, {nothing()});
  EXPECT_EQ(*told, false) << "not all have been asked";
  EXPECT_EQ(read("a"), Outcome::unconfirmed);
}

TEST_F(FetcherTest, AsManyNodesAsThatAreEnough) {
  const auto told = confirm_keys({"a"});
  std::vector<std::string> many;
  for (std::uint16_t port = 1; port < kAskedMax; ++port) many.push_back(NodeAddress{"10.0.0.1", port}.name());
  answer(kOther, {"a"}, {nothing(many)});
  while (!peers.asked.empty()) answer(peers.asked.front().to, {"a"}, {nothing()});
  EXPECT_EQ(*told, true);
}

}  // namespace
}  // namespace p2p::diststore
