// When a node that has handed over everything may end.
#include "classic/last_words.h"
#include "fake_host.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

class LastWordsTest : public ::testing::Test, protected StoreFixture {
 protected:
  LastWordsTest() : words(std::make_shared<LastWords>(log, strand, classic)) {
    work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector<NodeAddress>{kOther, kThird}));
    for (const NodeAddress& node : {kOther, kThird}) classic->classics->note_ours(node);
  }

  void say() {
    words->say([this] { ++progressed; }, [this] { is_over = true; });
    strand->run_posted();
  }
  void end(Asked asked, Result<std::string> result) {
    asked.done(std::move(result));
    strand->run_posted();
  }

  std::shared_ptr<LastWords> words;
  int progressed = 0;
  bool is_over = false;
};

TEST_F(LastWordsTest, NodesOfOursAreNotWaitedFor) {
  say();
  EXPECT_TRUE(is_over);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(LastWordsTest, EachNodeOfThe2009SystemIsToldThatThisOneHasLeft) {
  classic->classics->remember(kOther);
  say();
  EXPECT_FALSE(is_over);
  const Asked told = peers.take("remove");
  EXPECT_EQ(told.to, kOther);
  EXPECT_EQ(told.expect, Peers::Expect::execution);
  const Arguments<locator::Locator_remove_args> args(told);
  EXPECT_EQ(p2p::from_wire(args->location), kSelf);
  std::set<NodeAddress> knowing;
  for (const auto& one : args->authorities) knowing.insert(p2p::from_wire(one));
  EXPECT_EQ(knowing, (std::set<NodeAddress>{kSelf, kOther, kThird})) << "it need not tell anybody";
  end(told, std::string());
  EXPECT_TRUE(is_over);
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(LastWordsTest, OneThatHasLeftTheRingAndLivesIsWaitedForUntilItEnds) {
  classic->classics->remember(kFourth);  // it has told this node that it leaves, and gives now
  say();
  EXPECT_EQ(peers.asked.front().to, kFourth);
  EXPECT_FALSE(is_over);
  end(peers.take("remove"), Error{ErrorKind::closed, "its process has ended"});
  EXPECT_TRUE(is_over);
}

TEST_F(LastWordsTest, WhoseKindIsNotKnownIsAskedToo) {
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector<NodeAddress>{kOther, kFourth}));
  say();
  EXPECT_EQ(peers.take("remove").to, kFourth);
}

TEST_F(LastWordsTest, WhoIsGoneIsNotWaitedFor) {
  for (const ErrorKind kind : {ErrorKind::refused, ErrorKind::closed}) {
    is_over = false;
    words = std::make_shared<LastWords>(log, strand, classic);
    classic->classics->remember(kOther);
    say();
    end(peers.take("remove"), Error{kind, "test"});
    EXPECT_TRUE(is_over) << to_text(kind);
  }
}

// Its queue of connections may be full, since it hands over and takes none; or this machine could not ask.
TEST_F(LastWordsTest, OneThatIsNotReachedIsToldAgainUntilThePatienceIsOver) {
  for (const ErrorKind kind : {ErrorKind::silent, ErrorKind::local, ErrorKind::timed_out, ErrorKind::unreachable}) {
    is_over = false;
    words = std::make_shared<LastWords>(log, strand, classic);
    classic->classics->remember(kOther);
    say();
    for (Duration waited{}; waited < kLastWordPatience; waited += 1s) {
      end(peers.take("remove"), Error{kind, "test"});
      EXPECT_FALSE(is_over) << to_text(kind);
      strand->advance(1s);
    }
    end(peers.take("remove"), Error{kind, "test"});
    EXPECT_TRUE(is_over) << to_text(kind);
    EXPECT_TRUE(log.has(LogLevel::warn, "127.0.0.1:9901 has not heard within 5s that this node has left"));
    EXPECT_GT(std::exchange(progressed, 0), 0) << "a wait with a limit of its own is no standstill";
  }
}

TEST_F(LastWordsTest, OneThatIsSilentIsWaitedForAsLongAsItPutsSomethingHere) {
  classic->classics->remember(kOther);
  say();
  for (int round = 0; round < 4; ++round) {
    classic->classics->put(kThird, "key", "value", 1s, [](const auto&) {});  // what it has put is passed on
    strand->advance(3s);
    peers.take("put", kThird);
    end(peers.take("remove"), Error{ErrorKind::timed_out, "test"});
    EXPECT_FALSE(is_over) << round;
    strand->advance(200ms);
  }
  strand->advance(3s);
  end(peers.take("remove"), Error{ErrorKind::timed_out, "test"});
  EXPECT_FALSE(is_over);
  strand->advance(3s);
  end(peers.take("remove"), Error{ErrorKind::timed_out, "test"});
  EXPECT_TRUE(is_over);
}

TEST_F(LastWordsTest, AfterTheStopNobodyIsWaitedForAndNothingIsStored) {
  classic->classics->remember(kOther);
  say();
  words->stop();
  strand->run_posted();
  EXPECT_EQ(strand->timers(), 0u);
  end(peers.take("remove"), std::string());
  EXPECT_FALSE(is_over);
}

}  // namespace
}  // namespace p2p::diststore
