#include "classic/classic_giver.h"
#include "fake_host.h"

#include <Store.h>
#include <StorePeer.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

class ClassicGiverTest : public ::testing::Test, protected StoreFixture {
 protected:
  ClassicGiverTest() : giver(std::make_shared<ClassicGiver>(log, strand, classic)) {}

  struct Outcome {
    bool is_over = false;
    bool is_all = false;
    std::vector<std::string> given;
    std::vector<Version> versions;
    std::vector<std::size_t> bytes;
  };
  static StoredKey named(const std::string& key) {
    StoredKey stored;
    stored.key = key;
    return stored;
  }
  std::shared_ptr<Outcome> give(const NodeAddress& to, const std::vector<std::string>& keys) {
    const auto outcome = std::make_shared<Outcome>();
    MoveBatch batch{to, {}, 0};
    for (const std::string& key : keys) batch.keys.push_back(named(key));
    giver->give(std::move(batch), [outcome](std::span<const StoredKey> given, const std::string& why_not_all) {
      EXPECT_FALSE(outcome->is_over) << "it runs once";
      outcome->is_over = true;
      outcome->is_all = why_not_all.empty();
      for (const StoredKey& key : given) {
        outcome->given.push_back(key.key);
        outcome->versions.push_back(key.version);
        outcome->bytes.push_back(key.bytes);
      }
    });
    return outcome;
  }

  // Answers what was asked, which must be this; what it was.
  Asked answer(std::string_view method, Result<std::string> reply) {
    Asked asked = peers.take(method);
    EXPECT_TRUE(asked.is_classic);
    EXPECT_EQ(asked.deadline, kClassicCallTimeout);
    asked.done(std::move(reply));
    strand->run_posted();
    return asked;
  }
  Asked answer_ping() { return answer("ping", std::string()); }
  // A node that owns the key is asked what it holds of it: nothing yet.
  Asked name_owner(const NodeAddress& owner, const std::string& holds = "") {
    Asked asked = answer("get_node", reply_with<locator::Locator_get_node_result>("get_node", to_wire(owner)));
    if (owner == asked.to) answer_get(holds);
    return asked;
  }
  Asked answer_get(const std::string& value) { return answer("get", reply_with<wire::Store_get_result>("get", value)); }
  Asked take_put() { return answer("put", std::string()); }
  void take_one(const std::string& value) {
    name_owner(kOther);
    take_put();
    answer_get(value);
  }

  std::shared_ptr<ClassicGiver> giver;
};

class ClassicGiverOfOldKeys : public ClassicGiverTest {
 protected:
  // This node owned the key, then the third node did, and now the other one does.
  ClassicGiverOfOldKeys() {
    hold("a", "apple");
    locator->ring = locator->ring_of({kSelf, kOther, kThird});
    own(kThird);
    own(kOther);
    OwnershipSnapshot next = *classic->ownership->share();
    next.ring = locator->ring_of({kSelf, kOther, kThird});
    publish(std::move(next));
    outcome = give(kOther, {"a"});
    answer_ping();
  }
  void pulled(Version version, bool is_yielded) {
    wire::FetchedKey fetched;
    fetched.yielded = is_yielded;
    if (version != Version()) fetched.__set_item(to_wire(std::string(), {"plum", version, false, kNeverConfirmed}));
    peers.take("pull", kThird).done(reply_with<wire::StorePeer_pull_result>("pull", std::vector{fetched}));
    strand->run_posted();
  }
  Version held() { return classic->local->engine().copy("a").value()->version; }

  std::shared_ptr<Outcome> outcome;
};

TEST_F(ClassicGiverOfOldKeys, WhatALaterOwnerHasInANewerVersionIsNotGiven) {
  pulled({held().stamp + 1, 1}, true);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(outcome->given, std::vector<std::string>{"a"}) << "it may be deleted: the later owner gives the newer one";
}

TEST_F(ClassicGiverOfOldKeys, WhatALaterOwnerHasNotGotIsGiven) {
  pulled({}, true);
  take_one("apple");
  EXPECT_EQ(outcome->given, std::vector<std::string>{"a"});
}

TEST_F(ClassicGiverOfOldKeys, TwoOfTheSameVersionDoNotRelyOnEachOther) {
  pulled(held(), true);
  take_one("apple");
  EXPECT_EQ(outcome->given, std::vector<std::string>{"a"});
}

TEST_F(ClassicGiverOfOldKeys, NothingIsGivenWhileALaterOwnerStillOwnsTheKey) {
  pulled({}, false);
  EXPECT_TRUE(outcome->is_over);
  EXPECT_FALSE(outcome->is_all);
  EXPECT_TRUE(outcome->given.empty());
}

TEST_F(ClassicGiverTest, AKeyIsGivenWhenItsOwnerNamesItselfTakesItAndHasIt) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  EXPECT_EQ(answer_ping().to, kOther);
  EXPECT_EQ(Arguments<locator::Locator_get_node_args>(name_owner(kOther))->key, "a");
  const Asked put = take_put();
  EXPECT_EQ(put.to, kOther);
  EXPECT_EQ(Arguments<wire::Store_put_args>(put)->key, "a");
  EXPECT_EQ(Arguments<wire::Store_put_args>(put)->value, "apple");
  EXPECT_FALSE(outcome->is_over);
  EXPECT_EQ(Arguments<wire::Store_get_args>(answer_get("apple"))->key, "a");
  EXPECT_TRUE(outcome->is_over);
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given, (std::vector<std::string>{"a"}));
  EXPECT_EQ(outcome->versions.at(0), stored("a")->version) << "as it was given";
  EXPECT_EQ(outcome->bytes.at(0), 6u);
  EXPECT_EQ(value_of("a"), "apple") << "to delete it is the rebalancer's business";
  EXPECT_FALSE(classic->classics->is_checked("a"));
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(ClassicGiverTest, KeysAreGivenOneAfterTheOther) {
  hold("a", "apple");
  hold("b", "banana");
  const auto outcome = give(kOther, {"a", "b"});
  answer_ping();
  take_one("apple");
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"get_node of 9901"})) << "it serves one connection at a time";
  take_one("banana");
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given, (std::vector<std::string>{"a", "b"}));
}

// --- before the first key --------------------------------------------------------------------------------------------

TEST_F(ClassicGiverTest, ANodeThatDoesNotListenYetIsPingedAgainWithLongerAndLongerPauses) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  std::vector<Duration> pauses;
  for (int ping = 1; ping < kPingsMax; ++ping) {
    answer("ping", Error{ErrorKind::refused, "nobody listens"});
    const TimePoint failed_at = strand->now();
    while (peers.asked.empty()) strand->advance(1ms);
    pauses.push_back(strand->now() - failed_at);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1280ms, 2560ms}));
  answer_ping();
  take_one("apple");
  EXPECT_TRUE(outcome->is_all);
}

TEST_F(ClassicGiverTest, ANodeThatNeverListensGetsNothing) {
  hold("a", "apple");
  hold("b", "banana");
  const auto outcome = give(kOther, {"a", "b"});
  for (int ping = 0; ping < kPingsMax; ++ping) {
    EXPECT_FALSE(outcome->is_over);
    answer("ping", Error{ErrorKind::refused, "nobody listens"});
    strand->advance(10s);
  }
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(outcome->is_over);
  EXPECT_FALSE(outcome->is_all);
  EXPECT_TRUE(outcome->given.empty());
  EXPECT_TRUE(log.has(LogLevel::warn, "2 keys for 127.0.0.1:9901 stay here for now"));
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(ClassicGiverTest, ANodeThatListensAndDoesNotAnswerIsNotPingedAgain) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer("ping", Error{ErrorKind::timed_out, "it hangs"});
  EXPECT_TRUE(outcome->is_over);
  EXPECT_FALSE(outcome->is_all);
  EXPECT_TRUE(log.has(LogLevel::warn, "it hangs"));
}

TEST_F(ClassicGiverTest, WhoIsOffTheRingSaysFarewellBeforeTheFirstKey) {
  hold("a", "apple");
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector<NodeAddress>{kOther, kThird}));
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  const Asked farewell = answer("remove", std::string());
  EXPECT_EQ(farewell.to, kOther);
  const Arguments<locator::Locator_remove_args> args(farewell);
  EXPECT_EQ(p2p::from_wire(args->location), kSelf);
  std::set<NodeAddress> told;
  for (const auto& one : args->authorities) told.insert(p2p::from_wire(one));
  EXPECT_EQ(told, (std::set<NodeAddress>{kSelf, kOther, kThird})) << "it need not tell anybody";
  take_one("apple");
  EXPECT_TRUE(outcome->is_all);
}

TEST_F(ClassicGiverTest, AKeyIsNotGivenToANodeThatStillHasThisOneOnItsRing) {
  hold("a", "apple");
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector<NodeAddress>{kOther}));
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  answer("remove", Error{ErrorKind::closed, "gone"});
  EXPECT_TRUE(outcome->is_over);
  EXPECT_TRUE(outcome->given.empty());
  EXPECT_TRUE(peers.asked.empty());
}

// --- keys that cannot be given ---------------------------------------------------------------------------------------

TEST_F(ClassicGiverTest, AKeyThatBelongsElsewhereByTheNodesRingStaysWithThoseBehindIt) {
  for (const char* key : {"a", "b", "c"}) hold(key, key);
  const auto outcome = give(kOther, {"a", "b", "c"});
  answer_ping();
  take_one("a");
  name_owner(kThird);
  EXPECT_TRUE(outcome->is_over);
  EXPECT_FALSE(outcome->is_all);
  EXPECT_EQ(outcome->given, (std::vector<std::string>{"a"}));
  EXPECT_TRUE(log.has(LogLevel::warn,
                      "2 keys for 127.0.0.1:9901 stay here for now: by its ring a key that we give it "
                      "belongs to 127.0.0.1:9902"));
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(ClassicGiverTest, AKeyThatTheNodeDoesNotHaveAfterThePutStays) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  name_owner(kOther);
  take_put();
  answer_get("");
  EXPECT_TRUE(outcome->is_over);
  EXPECT_FALSE(outcome->is_all);
  EXPECT_TRUE(outcome->given.empty());
}

TEST_F(ClassicGiverTest, AnotherValueThanOursIsANewerOne) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  take_one("a client has written this since");
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given.size(), 1u);
}

TEST_F(ClassicGiverTest, AKeyThatTheNodeHasAlreadyIsNotOverwritten) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  name_owner(kOther, "a client has written this since it became the owner");
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given.size(), 1u);
}

TEST_F(ClassicGiverTest, AClientThatAsksThisNodeDuringACheckOnlyMakesItCheckAgain) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  name_owner(kOther);
  take_put();
  EXPECT_TRUE(classic->classics->came_back("a"));
  answer_get("apple");
  EXPECT_FALSE(outcome->is_over);
  answer_get("apple");
  EXPECT_TRUE(outcome->is_all);
}

TEST_F(ClassicGiverTest, EachKeyIsCheckedAsOftenAsTheFirst) {
  hold("a", "apple");
  hold("b", "banana");
  const auto outcome = give(kOther, {"a", "b"});
  answer_ping();
  for (const std::string key : {"a", "b"}) {
    name_owner(kOther);
    take_put();
    for (int check = 1; check < kChecksMax; ++check) {
      EXPECT_TRUE(classic->classics->came_back(key));
      answer_get("a client's answer");
    }
    answer_get("at last from itself");
  }
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given.size(), 2u);
}

TEST_F(ClassicGiverTest, AValueThatCameBackBeforeThePutIsNotTheNodesOwn) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  answer("get_node", reply_with<locator::Locator_get_node_result>("get_node", to_wire(kOther)));
  EXPECT_TRUE(classic->classics->came_back("a"));
  answer_get("apple");
  take_put();
  answer_get("apple");
  EXPECT_TRUE(outcome->is_all);
}

TEST_F(ClassicGiverTest, AKeyWhoseGetComesBackEachTimeStays) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  name_owner(kOther);
  take_put();
  for (int check = 0; check < kChecksMax; ++check) {
    EXPECT_TRUE(classic->classics->came_back("a")) << "it asks us for what it should hold";
    answer_get("apple");
  }
  EXPECT_TRUE(outcome->is_over);
  EXPECT_FALSE(outcome->is_all);
  EXPECT_TRUE(outcome->given.empty());
  EXPECT_TRUE(log.has(LogLevel::warn, "back to us"));
  EXPECT_FALSE(classic->classics->came_back("a")) << "the check is over";
}

TEST_F(ClassicGiverTest, EachCallThatFailsLeavesTheKeyHere) {
  hold("a", "apple");
  const std::vector<std::pair<std::string, std::string>> calls{
      {"get_node", reply_with<locator::Locator_get_node_result>("get_node", to_wire(kOther))},
      {"get", reply_with<wire::Store_get_result>("get", std::string())},
      {"put", ""},
      {"get", ""}};
  for (std::size_t failing = 0; failing < calls.size(); ++failing) {
    const auto outcome = give(kOther, {"a"});
    answer_ping();
    for (std::size_t before = 0; before < failing; ++before) answer(calls[before].first, calls[before].second);
    answer(calls[failing].first, Error{ErrorKind::closed, "test"});
    EXPECT_TRUE(outcome->is_over) << failing;
    EXPECT_FALSE(outcome->is_all) << failing;
    EXPECT_TRUE(outcome->given.empty()) << failing;
    EXPECT_FALSE(classic->classics->came_back("a")) << failing;
    EXPECT_TRUE(peers.asked.empty()) << failing;
  }
}

// --- special keys ----------------------------------------------------------------------------------------------------

TEST_F(ClassicGiverTest, AnErasedKeyNeedsNoTelling) {
  hold("a", "apple");
  erase("a");
  hold("b", "banana");
  const auto outcome = give(kOther, {"a", "b"});
  answer_ping();
  EXPECT_EQ(Arguments<locator::Locator_get_node_args>(name_owner(kOther))->key, "b");
  take_put();
  answer_get("banana");
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given, (std::vector<std::string>{"a", "b"})) << "nothing more is to be done for it here";
  EXPECT_EQ(outcome->versions.at(0), stored("a")->version);
}

TEST_F(ClassicGiverTest, AnEmptyValueIsGivenWithoutACheckThatCouldTellNothing) {
  hold("a", "");
  const auto outcome = give(kOther, {"a"});
  answer_ping();
  name_owner(kOther);
  EXPECT_EQ(Arguments<wire::Store_put_args>(take_put())->value, "");
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given.size(), 1u);
}

TEST_F(ClassicGiverTest, AKeyThatHasGoneIsLeftOut) {
  hold("b", "banana");
  const auto outcome = give(kOther, {"a", "b", "c"});
  answer_ping();
  take_one("banana");
  EXPECT_TRUE(outcome->is_all);
  EXPECT_EQ(outcome->given, (std::vector<std::string>{"b"}));
}

TEST_F(ClassicGiverTest, AKeyIsGivenAsItIsWhenItsTurnComes) {
  hold("a", "apple");
  hold("b", "banana");
  const auto outcome = give(kOther, {"a", "b"});
  hold("b", "blueberry");
  answer_ping();
  take_one("apple");
  name_owner(kOther);
  EXPECT_EQ(Arguments<wire::Store_put_args>(take_put())->value, "blueberry");
  answer_get("blueberry");
  EXPECT_EQ(outcome->bytes, (std::vector<std::size_t>{6, 10}));
  EXPECT_EQ(outcome->versions.at(1), stored("b")->version);
}

// --- several batches -------------------------------------------------------------------------------------------------

TEST_F(ClassicGiverTest, SomeBatchesToOneNodeAreGivenSideBySideAndTheNextWhenOneHasEnded) {
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (std::size_t batch = 0; batch < kGivenAtOnce + 1; ++batch) {
    const std::string key = "key" + std::to_string(batch);
    hold(key, "value");
    outcomes.push_back(give(kOther, {key}));
  }
  EXPECT_EQ(peers.questions(), std::vector<std::string>(kGivenAtOnce, "ping of 9901"));
  hold("c", "cherry");
  const auto elsewhere = give(kThird, {"c"});
  EXPECT_EQ(peers.questions().back(), "ping of 9902") << "no node waits for another";
  peers.take("ping", kThird).done(Error{ErrorKind::closed, "test"});
  strand->run_posted();
  EXPECT_TRUE(elsewhere->is_over);

  for (std::size_t batch = 0; batch < kGivenAtOnce; ++batch) answer_ping();
  EXPECT_EQ(peers.questions(), std::vector<std::string>(kGivenAtOnce, "get_node of 9901"));
  for (std::size_t batch = 0; batch < kGivenAtOnce; ++batch) {
    answer("get_node", reply_with<locator::Locator_get_node_result>("get_node", to_wire(kOther)));
  }
  for (std::size_t batch = 0; batch < kGivenAtOnce; ++batch) answer_get("");
  for (std::size_t batch = 0; batch < kGivenAtOnce; ++batch) take_put();
  answer_get("value");
  EXPECT_TRUE(outcomes.front()->is_all);
  EXPECT_EQ(peers.questions().back(), "ping of 9901") << "the last one's turn";
  EXPECT_FALSE(outcomes.back()->is_over);
}

TEST_F(ClassicGiverTest, ABatchThatFailsTakesThoseThatWaitForTheSameNodeWithIt) {
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (std::size_t batch = 0; batch < kGivenAtOnce + 1; ++batch) {
    const std::string key = "key" + std::to_string(batch);
    hold(key, "value");
    outcomes.push_back(give(kOther, {key}));
  }
  answer("ping", Error{ErrorKind::timed_out, "it hangs"});
  EXPECT_TRUE(outcomes.front()->is_over);
  EXPECT_FALSE(outcomes.front()->is_all);
  EXPECT_TRUE(outcomes.back()->is_over) << "it would hold up what goes to others for as long again";
  EXPECT_FALSE(outcomes.back()->is_all);
  for (std::size_t batch = 1; batch < kGivenAtOnce; ++batch) {
    EXPECT_FALSE(outcomes[batch]->is_over) << "what is under way ends by itself";
    answer("ping", Error{ErrorKind::timed_out, "it hangs"});
    EXPECT_TRUE(outcomes[batch]->is_over);
  }
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(ClassicGiverTest, ALargeValueIsWaitedForLonger) {
  hold("a", std::string(3 << 20, 'x'));
  give(kOther, {"a"});
  answer_ping();
  name_owner(kOther);
  EXPECT_EQ(peers.take("put").deadline, kClassicCallTimeout + 3s);
}

TEST_F(ClassicGiverTest, AfterItsStopNothingIsAskedAnyMore) {
  hold("a", "apple");
  const auto outcome = give(kOther, {"a"});
  giver->stop();
  answer_ping();
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_FALSE(outcome->is_over);
}

TEST_F(ClassicGiverTest, ABatchMayBeGivenWhenTheFormerOneHasEnded) {
  hold("a", "apple");
  std::shared_ptr<Outcome> second;
  giver->give({kOther, {named("gone")}, 0}, [&](auto, const std::string& why_not_all) {
    EXPECT_EQ(why_not_all, "");
    second = give(kOther, {"a"});
  });
  answer_ping();
  ASSERT_TRUE(second);
  answer_ping();
  take_one("apple");
  EXPECT_TRUE(second->is_all);
}

}  // namespace
}  // namespace p2p::diststore
