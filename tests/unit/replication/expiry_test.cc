// Values with a time to live (docs/decisions/0037): when they end, what is told of them, and how they go.
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

constexpr WallMs kStart = 1'800'000'000'000;

class ReplicationExpiry : public ReplicationTest {
 protected:
  ReplicationExpiry() {
    start(3);
    for (Node node = 1; node <= 3; ++node) clocks_[node] = kStart;
    form({2, 3});
  }

  RequestId put_for(Node node, std::string_view name, std::string value, std::int64_t ttl_ms,
                    Condition condition = {}) {
    KeyWrite one = KeyWrite::put(key(name), std::move(value), condition);
    one.ttl_ms = ttl_ms;
    return write(node, {std::move(one)});
  }
  RequestId erase_if(Node node, std::string_view name, Condition condition) {
    return write(node, {KeyWrite::erase(key(name), condition)});
  }
  static constexpr Condition kIfAbsent{.kind = Condition::Kind::if_absent, .version = {}};
  static Condition if_version(WriteVersion version) {
    return {.kind = Condition::Kind::if_version, .version = version};
  }
  void pass_everywhere(WallMs ms) {
    for (auto& [node, clock] : clocks_) clock += ms;
  }
  WallMs expiry_at(Node node, std::string_view name) {
    const auto entry = at(node).engine.copy(key(name)).value();
    return entry ? entry->expires_at : kNoExpiry;
  }
  std::set<std::string> stored(std::string_view name) {
    return {stored_at(1, name), stored_at(2, name), stored_at(3, name)};
  }
  RequestId read_at(Node node, std::string_view name) {
    const RequestId read = get(node, name);
    run();
    return read;
  }
};

TEST_F(ReplicationExpiry, ThePrimarySetsItByItsClockAndAllCopiesKeepIt) {
  clocks_[1] += 7;
  clocks_[2] -= 5000;
  put_for(1, "k", "v", 100);
  run();
  for (Node node = 1; node <= 3; ++node) EXPECT_EQ(expiry_at(node, "k"), kStart + 107) << node;
  EXPECT_EQ(answer(read_at(1, "k")).write->expires_at, kStart + 107);
}

TEST_F(ReplicationExpiry, AValueIsAnsweredToItsLastMillisecondAndNeverAfter) {
  put_for(1, "k", "v", 100);
  run();
  clocks_[1] += 99;
  EXPECT_EQ(value_of(read_at(1, "k")), "v");
  clocks_[1] += 1;
  const RequestId late = get(1, "k");
  EXPECT_FALSE(is_answered(late)) << "not before the copies know";
  run();
  EXPECT_EQ(answer(late).verdict, Verdict::missing);
  EXPECT_EQ(stored("k"), (std::set<std::string>{"(none)"}));
  EXPECT_EQ(at(1).replicas.expired_keys(), 1u);
}

TEST_F(ReplicationExpiry, AWriteWithoutOneEndsThatOfTheValueBefore) {
  put_for(1, "k", "v", 100);
  put(1, "k", "w");
  run();
  pass_everywhere(1000);
  EXPECT_EQ(value_of(read_at(1, "k")), "w");
  put_for(1, "k", "x", 100);
  put_for(1, "k", "y", 500);
  run();
  pass_everywhere(300);
  EXPECT_EQ(value_of(read_at(1, "k")), "y");
}

TEST_F(ReplicationExpiry, WhatHasExpiredIsAbsentToConditions) {
  const RequestId first = put_for(1, "k", "v", 100);
  run();
  EXPECT_EQ(answer(put_for(1, "k", "w", 100, kIfAbsent)).verdict, Verdict::condition_failed);
  pass_everywhere(100);
  const RequestId stale = put_for(1, "k", "w", 100, if_version(answer(first).version));
  EXPECT_FALSE(is_answered(stale)) << "that the key is gone is told when the copies know";
  run();
  EXPECT_EQ(answer(stale).verdict, Verdict::condition_failed);
  EXPECT_EQ(answer(stale).version, kNoVersion);
  put_for(1, "other", "v", 100);
  run();
  pass_everywhere(100);
  const RequestId absent = put_for(1, "other", "w", 100, kIfAbsent);
  run();
  EXPECT_EQ(answer(absent).verdict, Verdict::done);
  EXPECT_EQ(stored("other"), (std::set<std::string>{"w"}));
}

TEST_F(ReplicationExpiry, AnEraseDoesNotFindIt) {
  const RequestId first = put_for(1, "k", "v", 100);
  run();
  pass_everywhere(100);
  const RequestId gone = erase(1, "k");
  run();
  EXPECT_EQ(answer(gone).verdict, Verdict::missing);
  put_for(1, "k", "w", 100);
  put(1, "other", "w");
  run();
  pass_everywhere(100);
  const RequestId both = write(1, {KeyWrite::erase(key("k")), KeyWrite::erase(key("other"))});
  const RequestId conditional = erase_if(1, "k", if_version(answer(first).version));
  run();
  EXPECT_EQ(answer(both).verdict, Verdict::done);
  EXPECT_FALSE(answer(both).batch->writes[0].existed);
  EXPECT_TRUE(answer(both).batch->writes[1].existed);
  EXPECT_EQ(answer(conditional).verdict, Verdict::condition_failed);
}

TEST_F(ReplicationExpiry, AReadThatWaitedForAWriteThatHasExpiredByThenFindsNothing) {
  hold(1, 2);
  put_for(1, "k", "v", 100);
  const RequestId read = get(1, "k");
  run();
  EXPECT_FALSE(is_answered(read));
  pass_everywhere(100);
  release(1, 2);
  run();
  EXPECT_EQ(answer(read).verdict, Verdict::missing);
  EXPECT_EQ(stored("k"), (std::set<std::string>{"(none)"}));
}

// --- takeovers: clocks differ ----------------------------------------------------------------------------------------

TEST_F(ReplicationExpiry, WhatWasToldAsGoneStaysGoneAtANodeWhoseClockIsBehind) {
  put_for(1, "k", "v", 100);
  run();
  clocks_[1] += 100;
  const RequestId read = read_at(1, "k");
  EXPECT_EQ(answer(read).verdict, Verdict::missing);
  map({.primary = 2, .in_sync = {3}});
  run();
  EXPECT_EQ(answer(read_at(2, "k")).verdict, Verdict::missing) << "though its clock has not come to the end";
}

TEST_F(ReplicationExpiry, TheNextPrimaryJudgesByItsOwnClock) {
  put_for(1, "k", "v", 100);
  run();
  clocks_[1] += 1000;  // and nobody has asked
  map({.primary = 2, .in_sync = {3}});
  run();
  EXPECT_EQ(value_of(read_at(2, "k")), "v");
  clocks_[2] += 100;
  EXPECT_EQ(answer(read_at(2, "k")).verdict, Verdict::missing);
}

TEST_F(ReplicationExpiry, AnEraseThatNobodyWasToldOfMayBeLostWithItsPrimary) {
  put_for(1, "k", "v", 100);
  run();
  clocks_[1] += 100;
  hold(1, 2);
  hold(1, 3);
  const RequestId read = read_at(1, "k");
  EXPECT_FALSE(is_answered(read));
  map({.primary = 2, .in_sync = {3}});
  run();
  EXPECT_EQ(answer(read).verdict, Verdict::refused);
  EXPECT_EQ(value_of(read_at(2, "k")), "v");
}

TEST_F(ReplicationExpiry, ItSurvivesATakeoverWithSuspects) {
  hold(1, 2);
  put_for(1, "k", "v", 1000);  // at 3, and not at 2
  run();
  map({.primary = 2, .in_sync = {3}});
  run();
  put_for(2, "other", "w", 1000);
  run();
  EXPECT_EQ(expiry_at(2, "other"), kStart + 1000);
  map({.primary = 3, .in_sync = {2}});
  run();
  EXPECT_EQ(expiry_at(3, "other"), kStart + 1000);
  EXPECT_EQ(stored_at(2, "k"), stored_at(3, "k"));
  EXPECT_EQ(expiry_at(2, "k"), expiry_at(3, "k"));
}

TEST_F(ReplicationExpiry, ABackfillAndARecoveryCarryIt) {
  put_for(1, "a", "v", 1000);
  run();
  map({.primary = 1, .in_sync = {2}});
  put_for(1, "b", "w", 2000);
  run();
  map({.primary = 1, .in_sync = {2}, .learners = {{3, epoch_ + 1}}, .is_new_term = false});
  run();
  EXPECT_EQ(expiry_at(3, "a"), kStart + 1000);
  EXPECT_EQ(expiry_at(3, "b"), kStart + 2000);
}

// --- the sweep -------------------------------------------------------------------------------------------------------

class ReplicationSweep : public ReplicationExpiry {
 protected:
  std::size_t keys_at(Node node) { return at(node).engine.totals().keys; }
  void sweep_for(Duration time) {
    for (Duration passed{}; passed < time; passed += kSweepBusyPause) {
      pass(kSweepBusyPause);
      run();
    }
  }
};

TEST_F(ReplicationSweep, WhatNobodyAsksForIsErasedOnAllCopies) {
  put_for(1, "a", "v", 100);
  put_for(1, "b", "v", 5000);
  put(1, "c", "v");
  run();
  sweep_for(3s);
  EXPECT_EQ(keys_at(1), 3u) << "nothing has expired by the primary's clock";
  clocks_[1] += 100;
  sweep_for(kSweepWaitMax + kSweepPause);
  for (Node node = 1; node <= 3; ++node) EXPECT_EQ(keys_at(node), 2u) << node;
  clocks_[1] += 5000;
  sweep_for(kSweepWaitMax + kSweepPause);
  for (Node node = 1; node <= 3; ++node) EXPECT_EQ(keys_at(node), 1u) << node;
  EXPECT_EQ(stored("c"), (std::set<std::string>{"v"}));
  EXPECT_EQ(at(1).replicas.expired_keys(), 2u);
}

TEST_F(ReplicationSweep, ACopyErasesNothingWhateverItsClockSays) {
  put_for(1, "a", "v", 100);
  run();
  clocks_[2] += 1'000'000;
  sweep_for(3s);
  EXPECT_EQ(stored("a"), (std::set<std::string>{"v"}));
  EXPECT_EQ(at(2).replicas.next_wakeup(), TimePoint::max()) << "nor does it look";
}

TEST_F(ReplicationSweep, TheNextPrimaryGoesOn) {
  put_for(1, "a", "v", 100);
  run();
  pass_everywhere(100);
  map({.primary = 2, .in_sync = {3}});
  run();
  sweep_for(kSweepWaitMax + kSweepPause);
  EXPECT_EQ(keys_at(2), 0u);
  EXPECT_EQ(keys_at(3), 0u);
}

TEST_F(ReplicationSweep, ValuesThatLiveForEverAreNeverLookedThrough) {
  put(1, "a", "v");
  run();
  sweep_for(2s);
  EXPECT_EQ(at(1).replicas.next_wakeup(), TimePoint::max());
  put_for(1, "b", "v", 100);
  run();
  EXPECT_NE(at(1).replicas.next_wakeup(), TimePoint::max());
  erase(1, "b");
  pass_everywhere(100);
  sweep_for(2s);
  EXPECT_EQ(at(1).replicas.next_wakeup(), TimePoint::max()) << "and no longer, once the last one that expires has gone";
}

TEST_F(ReplicationSweep, AStepIsBoundedAndAllGoInTheEnd) {
  constexpr int kKeys = 1000;
  for (int number = 0; number < kKeys; ++number) put_for(1, "k" + std::to_string(number) + "/", "v", 100);
  run();
  ASSERT_EQ(keys_at(3), std::size_t{kKeys});
  clocks_[1] += 100;
  pass(kSweepWaitMax);
  pass(kSweepBusyPause);
  std::size_t before = keys_at(1);
  EXPECT_GT(before, kKeys - 3 * kSweepErasesMax);
  for (int steps = 0; steps < 20 && before > 0; ++steps) {
    sweep_for(kSweepBusyPause);
    EXPECT_LE(before - keys_at(1), 2 * kSweepErasesMax);
    before = keys_at(1);
  }
  run();
  for (Node node = 1; node <= 3; ++node) EXPECT_EQ(keys_at(node), 0u) << node;
}

TEST_F(ReplicationSweep, ItWaitsWhileAsMuchAsClientsNeedIsUnderWay) {
  put_for(1, "k", "v", 100);
  run();
  hold(1, 2);
  for (std::size_t number = 0; number < ReplicationOptions().under_way_max / 2; ++number) put(1, "busy", "v");
  clocks_[1] += 100;
  sweep_for(2s);
  EXPECT_EQ(stored_at(1, "k"), "v");
  release(1, 2);
  sweep_for(2s);
  EXPECT_EQ(stored("k"), (std::set<std::string>{"(none)"}));
}

TEST_F(ReplicationSweep, ANewValueIsNotErasedForTheOldOne) {
  put_for(1, "k", "v", 100);
  run();
  clocks_[1] += 100;
  put_for(1, "k", "w", 1'000'000);
  sweep_for(2s);
  EXPECT_EQ(stored("k"), (std::set<std::string>{"w"}));
}

TEST_F(ReplicationSweep, WithoutALeaseNothingIsSwept) {
  put_for(1, "k", "v", 100);
  run();
  clocks_[1] += 100;
  for (int ticks = 0; ticks < 30; ++ticks) {
    now_ += kSweepPause;
    lease_ = now_;
    tick(1);
    run();
  }
  EXPECT_EQ(stored_at(1, "k"), "v");
  sweep_for(2s);
  EXPECT_EQ(stored_at(1, "k"), "(none)");
}

}  // namespace
}  // namespace p2p::diststore::replication
