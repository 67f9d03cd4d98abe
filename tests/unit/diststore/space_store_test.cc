// The shell of spaces: who waits for whom, pauses, and the end of the node.
#include "spaces/space_store.h"
#include "engine/space_key.h"
#include "fake_strand.h"
#include "spaces/update_rules.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

// Entries in memory; what is asked waits for the test if it says so.
class FakeEntries final : public EntryAccess {
 public:
  void read(const std::string& key, TimePoint, Then<FoundEntry> then) override {
    ++reads;
    if (!reading_fails.empty()) {
      const Error error = reading_fails.front();
      reading_fails.pop_front();
      return then(error);
    }
    if (holds_reads) return held_reads.push_back(std::move(then));
    const auto found = entries.find(key);
    then(found == entries.end() ? FoundEntry{} : found->second);
  }
  void change(const EntryChange& change, TimePoint, Then<ChangedEntry> then) override {
    if (std::exchange(next_change_throws, false)) throw 7;
    if (holds_writes) {
      held.emplace_back(change, std::move(then));
    } else {
      then(apply(change));
    }
  }
  ChangedEntry apply(const EntryChange& change) {
    const auto found = entries.find(change.key);
    const bool is_met = change.if_version ? found != entries.end() && found->second.version == *change.if_version
                                          : found == entries.end();
    if (!is_met) return {};
    if (change.value) {
      entries[change.key] = {change.value, {1, ++writes}};
    } else {
      entries.erase(change.key);
      ++writes;
    }
    return {true, {1, writes}};
  }

  std::map<std::string, FoundEntry> entries;
  std::deque<Error> reading_fails;
  std::deque<std::pair<EntryChange, Then<ChangedEntry>>> held;
  std::deque<Then<FoundEntry>> held_reads;
  bool holds_writes = false;
  bool holds_reads = false;
  bool next_change_throws = false;
  int reads = 0;
  std::uint64_t writes = 0;
};

class SpaceStoreTest : public testing::Test {
 protected:
  static constexpr Duration kAttemptTimeout = 1s;

  ~SpaceStoreTest() override {
    entries->held.clear();
    entries->held_reads.clear();
  }

  static void add(RouteState& state, const std::string& text) { state["all"] += text; }
  static void add_x(RouteState& state) { add(state, "x"); }
  void append(const std::string& text, const std::string& route_key = "r") {
    space->update(
        route_key, [text](RouteState& state) { add(state, text); },
        [this, text](const Result<StateVersion>& done) {
          ends += text + (done.ok() ? " done " : std::string(" ") + to_text(done.error().kind) + ' ');
        });
  }
  std::string all() {
    const auto read = space->read("r", "all").get();
    return read.ok() && read.value() ? read.value()->value : "";
  }

  const std::shared_ptr<FakeStrand> strand = std::make_shared<FakeStrand>();
  const std::shared_ptr<FakeEntries> entries = std::make_shared<FakeEntries>();
  SpaceStore store{entries, strand, [] { return std::uint64_t{5}; }, kAttemptTimeout};
  std::shared_ptr<Space> space = store.open("queue").value();
  std::string ends;
};

TEST_F(SpaceStoreTest, ServesEachFormOfACall) {
  EXPECT_TRUE(space->update("r", [](RouteState& state) { state = {{"a", "1"}, {"b", "2"}, {"c", "3"}}; }).get().ok());
  const auto version = space->update_one("r", "b", [](auto& value) { value.reset(); }).get();
  ASSERT_TRUE(version.ok());
  const auto read = space->read("r", "a").get();
  EXPECT_EQ(read.value()->value, "1");
  EXPECT_EQ(read.value()->version, version.value());
  EXPECT_FALSE(space->read("r", "b").get().value());
  const auto first = space->scan("r", std::nullopt, 1).get();
  ASSERT_EQ(first.value().items.size(), 1u);
  EXPECT_FALSE(first.value().is_last);
  const auto second = space->scan("r", first.value().items[0].sub_key, 9).get();
  ASSERT_EQ(second.value().items.size(), 1u);
  EXPECT_EQ(second.value().items[0].value, "3");
  EXPECT_TRUE(second.value().is_last);
  const auto erased = space->erase("r").get();
  EXPECT_GT(erased.value(), version.value());
  EXPECT_TRUE(entries->entries.empty());
}

TEST_F(SpaceStoreTest, SpacesAreApart) {
  append("x");
  EXPECT_FALSE(store.open("other").value()->read("r", "all").get().value());
  EXPECT_TRUE(entries->entries.contains(stored_key_of({"queue", "r"})));
}

TEST_F(SpaceStoreTest, UpdatesOfOneRouteKeyRunOneByOneInTheirOrder) {
  entries->holds_writes = true;
  for (const char* text : {"a", "b", "c"}) append(text);
  append("z", "another");
  EXPECT_EQ(entries->held.size(), 2u) << "one for each route key";
  entries->holds_writes = false;
  for (auto held = std::move(entries->held); !held.empty(); held.pop_front())
    held.front().second(entries->apply(held.front().first));
  EXPECT_EQ(ends, "a done z done ");
  strand->run_posted();
  EXPECT_EQ(ends, "a done z done b done c done ");
  EXPECT_EQ(all(), "abc");
  EXPECT_EQ(strand->timers(), 0u) << "nobody has begun anew";
}

TEST_F(SpaceStoreTest, AConflictWithAnotherNodePausesAndRunsAnew) {
  append("a");
  entries->holds_writes = true;
  append("b");
  const auto [change, then] = std::move(entries->held.front());
  entries->held.clear();
  entries->holds_writes = false;
  StoredState others = *decode_state(*entries->entries.begin()->second.value);
  add(others.values, "x");
  others.note({9, 9});
  entries->entries.begin()->second = {encode(others), {1, 77}};
  then(entries->apply(change));
  EXPECT_EQ(ends, "a done ");
  strand->advance(kFirstPause);
  EXPECT_EQ(ends, "a done b done ");
  EXPECT_EQ(all(), "axb");
}

TEST_F(SpaceStoreTest, AReadThatFailsIsTriedAgainInItsTime) {
  append("a");
  entries->reading_fails = {{ErrorKind::unreachable, "nobody"}, {ErrorKind::timed_out, "late"}};
  auto read = space->read("r", "all");
  strand->advance(1s);
  EXPECT_EQ(read.get().value()->value, "a");
  entries->reading_fails.assign(1'000, {ErrorKind::timed_out, "late"});
  auto failing = space->read("r", "all");
  strand->advance(SpaceOptions().timeout);
  const auto failed = failing.get();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::unreachable);
}

TEST_F(SpaceStoreTest, WhatWaitsWhenTheNodeStopsIsCancelled) {
  entries->holds_writes = true;
  append("a");
  append("b");
  store.stop();
  EXPECT_EQ(ends, "b cancelled a timed out ") << "its write may be made";
  append("c");
  EXPECT_EQ(ends, "b cancelled a timed out c cancelled ");
  entries->held.front().second(entries->apply(entries->held.front().first));
  EXPECT_EQ(ends, "b cancelled a timed out c cancelled ");
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(SpaceStoreTest, SoAreReadsUnderWayAndThoseThatComeLater) {
  append("a");
  entries->holds_reads = true;
  auto read = space->read("r", "all");
  store.stop();
  ASSERT_EQ(read.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(read.get().error().kind, ErrorKind::cancelled);
  entries->holds_reads = false;
  const int reads = entries->reads;
  EXPECT_EQ(space->read("r", "all").get().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(space->scan("r", std::nullopt, 9).get().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(entries->reads, reads);
}

TEST_F(SpaceStoreTest, SoIsWhatPauses) {
  entries->reading_fails.assign(2, {ErrorKind::unreachable, "nobody"});
  append("a");
  auto read = space->read("r", "all");
  store.stop();
  EXPECT_EQ(ends, "a cancelled ");
  EXPECT_EQ(read.get().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(strand->timers(), 0u);
}

// --- a primary that does not answer ----------------------------------------------------------------------------------

TEST_F(SpaceStoreTest, AWriteWithoutAnswerIsInDoubtAndHoldsNobodyUp) {
  entries->holds_writes = true;
  append("a");
  append("b");
  auto held = std::exchange(entries->held, {});
  entries->holds_writes = false;
  strand->advance(kAttemptTimeout - 1ms);
  EXPECT_EQ(ends, "");
  strand->advance(kFirstPause + 1ms);
  EXPECT_EQ(ends, "a timed out b done ") << "nothing was there before a, and it may still come";
  held.front().second(ChangedEntry{true, {1, 99}});
  strand->advance(1s);
  EXPECT_EQ(ends, "a timed out b done ") << "the late answer is dropped";
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(SpaceStoreTest, AWriteWhoseAnswerWasLateIsFound) {
  append("a");
  entries->holds_writes = true;
  append("b");
  const auto [change, then] = std::move(entries->held.front());
  entries->held.clear();
  entries->apply(change);
  strand->advance(kAttemptTimeout + kFirstPause);
  EXPECT_EQ(ends, "a done b done ");
  EXPECT_EQ(all(), "ab");
}

TEST_F(SpaceStoreTest, AnUpdateThatIsNeverAnsweredEndsInItsTime) {
  entries->holds_writes = true;
  entries->holds_reads = true;
  append("a");
  strand->advance(SpaceOptions().timeout);
  EXPECT_EQ(ends, "a unreachable ");
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(SpaceStoreTest, AReadThatIsNeverAnsweredEndsInItsTime) {
  entries->holds_reads = true;
  auto read = space->read("r", "all");
  strand->advance(SpaceOptions().timeout);
  ASSERT_EQ(read.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(read.get().error().kind, ErrorKind::unreachable);
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(SpaceStoreTest, AnUpdateThatWaitsForOthersEndsInItsOwnTime) {
  entries->holds_writes = true;
  append("a");
  space = store.open("queue", {.timeout = 100ms}).value();
  append("b");
  strand->advance(99ms);
  EXPECT_EQ(ends, "");
  strand->advance(1ms);
  EXPECT_EQ(ends, "b unreachable ");
  const auto held = std::exchange(entries->held, {});
  held.front().second(entries->apply(held.front().first));
  strand->run_posted();
  EXPECT_EQ(ends, "b unreachable a done ");
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(SpaceStoreTest, WhatIsDroppedUnansweredStillEnds) {
  entries->holds_writes = true;
  append("a");
  entries->held.clear();
  EXPECT_EQ(ends, "a timed out ") << "its write may have been made";
}

TEST_F(SpaceStoreTest, WhatIsDroppedLetsTheNextOneBegin) {
  entries->holds_writes = true;
  for (const char* text : {"a", "b", "c"}) append(text);
  entries->held.clear();
  strand->run_posted();
  ASSERT_EQ(entries->held.size(), 1u) << "b writes";
  entries->held.clear();
  entries->holds_writes = false;
  strand->run_posted();
  EXPECT_EQ(ends, "a timed out b timed out c done ");
}

TEST_F(SpaceStoreTest, SoDoesOneThatAnExceptionEnds) {
  entries->holds_writes = true;
  append("a");
  append("b");
  entries->holds_writes = false;
  entries->next_change_throws = true;
  const auto held = std::exchange(entries->held, {});
  held.front().second(entries->apply(held.front().first));
  strand->advance(kLastPause);
  append("c");
  EXPECT_EQ(ends, "a done b done c done ") << "it looks what came of its write";
}

TEST_F(SpaceStoreTest, WhatACallerThrowsWhenTheNodeStopsIsHisOwn) {
  entries->holds_writes = true;
  append("a");
  space->update("r", add_x, [](const Result<StateVersion>&) { throw 7; });
  append("b");
  store.stop();
  EXPECT_EQ(ends, "b cancelled a timed out ");
}

TEST_F(SpaceStoreTest, TooManyThatWaitAreRefused) {
  entries->holds_writes = true;
  for (std::size_t count = 0; count < kUpdatesWaitingMax; ++count) append("a");
  EXPECT_EQ(ends, "");
  append("b");
  EXPECT_EQ(ends, "b overloaded ");
  store.stop();
}

TEST_F(SpaceStoreTest, SoAreThoseUnderWayAtOtherRouteKeys) {
  entries->holds_writes = true;
  for (std::size_t count = 0; count < kUpdatesWaitingMax; ++count) append("a", std::to_string(count));
  append("b", "another");
  EXPECT_EQ(ends, "b overloaded ");
  const auto [change, then] = std::move(entries->held.front());
  entries->held.pop_front();
  then(entries->apply(change));
  entries->holds_writes = false;
  append("c", "another");
  EXPECT_EQ(ends, "b overloaded a done c done ") << "one has ended";
  append("d", "another");
  EXPECT_EQ(ends, "b overloaded a done c done d done ");
}

TEST_F(SpaceStoreTest, TooManyReadsAreRefused) {
  entries->holds_reads = true;
  std::size_t ended = 0;
  for (std::size_t count = 0; count < kReadsWaitingMax; ++count)
    space->read("r", "all", [&ended](const Result<std::optional<StateValue>>& read) { ended += read.ok() ? 1u : 0u; });
  EXPECT_EQ(space->read("r", "all").get().error().kind, ErrorKind::overloaded);
  EXPECT_EQ(space->scan("r", std::nullopt, 1).get().error().kind, ErrorKind::overloaded);
  entries->held_reads.front()(FoundEntry{});
  entries->held_reads.pop_front();
  EXPECT_EQ(ended, 1u);
  entries->holds_reads = false;
  EXPECT_TRUE(space->read("r", "all").get().ok());
  entries->held_reads.clear();  // which tells `ended`
}

TEST_F(SpaceStoreTest, NamesAndRouteKeysHaveLimits) {
  for (const char* name : {"", "Queue", "1st", "a b", "_a"})
    EXPECT_EQ(store.open(name).error().kind, ErrorKind::invalid);
  EXPECT_FALSE(store.open(std::string(kSpaceNameBytesMax + 1, 'a')).ok());
  EXPECT_TRUE(store.open(std::string(kSpaceNameBytesMax, 'a')).ok());
  const auto read = space->read(std::string(kRouteKeyBytesMax + 1, 'a'), "").get();
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  EXPECT_FALSE(space->erase(std::string(kRouteKeyBytesMax + 1, 'a')).get().ok());
}

TEST(NoSpaces, SaysHowToGetThem) {
  const auto opened = NoSpaces().open("queue");
  EXPECT_EQ(opened.error().kind, ErrorKind::unsupported);
  EXPECT_NE(opened.error().text.find("mode = \"agreed\""), std::string::npos);
}

}  // namespace
}  // namespace p2p::diststore
