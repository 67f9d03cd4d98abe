// What may be read from a copy without its primary (decision 40)?
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

class CopyReads : public ReplicationTest {
 protected:
  CopyReads() {
    start(3);
    form({2, 3});
  }
  const CopyGate& gate(Node node) { return at(node).replicas.copies(); }
  bool is_open(Node node) { return gate(node).begin(kPartition) != 0; }

  // As AgreedKeys::read_copy() reads, with nothing in between.
  std::string read(Node node, std::string_view name) {
    const CopyGate& copies = gate(node);
    const auto reading = copies.begin(kPartition);
    if (reading == 0) return "(not here)";
    const auto entry = at(node).engine.copy(key(name)).value();
    const bool is_committed =
        entry ? copies.is_committed(kPartition, version_of(entry->version)) : copies.is_all_committed(kPartition);
    if (!is_committed || !copies.goes_on(kPartition, reading)) return "(ask the primary)";
    return entry ? entry->value : "(none)";
  }
  // What is committed is told to the copies at the latest by such a tick.
  void tell_commits() {
    pass(kCommitEvery);
    run();
  }
};

TEST_F(CopyReads, ShowWhatIsCommitted) {
  put(1, "a", "apple");
  run();
  tell_commits();
  for (const Node copy : {2, 3}) {
    EXPECT_EQ(read(copy, "a"), "apple");
    EXPECT_EQ(read(copy, "b"), "(none)");
  }
  EXPECT_FALSE(is_open(1)) << "the primary has a gate of its own";
}

TEST_F(CopyReads, NeverShowAWriteThatIsNotKnownToBeCommitted) {
  put(1, "a", "apple");
  run();
  tell_commits();
  hold(3, 1);
  const RequestId second = put(1, "a", "avocado");
  run();
  EXPECT_FALSE(is_answered(second));
  EXPECT_EQ(stored_at(2, "a"), "avocado");
  EXPECT_EQ(read(2, "a"), "(ask the primary)");
  EXPECT_EQ(read(2, "b"), "(ask the primary)") << "it may be absent by an erase that is under way";
  release(3, 1);
  run();
  EXPECT_EQ(answer(second).verdict, Verdict::done);
  EXPECT_EQ(read(2, "a"), "(ask the primary)") << "this copy has not heard yet that it is committed";
  tell_commits();
  EXPECT_EQ(read(2, "a"), "avocado");
}

TEST_F(CopyReads, GoOnForOtherKeysBesideAWriteUnderWay) {
  put(1, "a", "apple");
  run();
  tell_commits();
  hold(3, 1);
  put(1, "b", "banana");
  run();
  EXPECT_EQ(read(2, "a"), "apple");
}

TEST_F(CopyReads, NeverShowAnEraseThatIsNotKnownToBeCommitted) {
  put(1, "a", "apple");
  run();
  tell_commits();
  hold(3, 1);
  erase(1, "a");
  run();
  EXPECT_EQ(stored_at(2, "a"), "(none)");
  EXPECT_EQ(read(2, "a"), "(ask the primary)");
  release(3, 1);
  run();
  tell_commits();
  EXPECT_EQ(read(2, "a"), "(none)");
}

TEST_F(CopyReads, AreOfCopiesInSyncAlone) {
  map({.primary = 1, .in_sync = {2}});
  run();
  EXPECT_FALSE(is_open(3)) << "no role";
  map({.primary = 1, .in_sync = {2}, .learners = {{3, epoch_ + 1}}, .is_new_term = false});
  run();
  EXPECT_TRUE(state(3).is_complete);
  EXPECT_FALSE(is_open(3)) << "it has everything, but nobody relies on that yet";
  EXPECT_TRUE(is_open(2));
  map({.primary = 1, .in_sync = {2, 3}});
  EXPECT_FALSE(is_open(3)) << "it has heard nothing of its primary's new term";
  run();
  EXPECT_TRUE(is_open(3));
}

TEST_F(CopyReads, EndWithTheRoleBeforeTheMapIsSaidToBeFollowed) {
  EXPECT_EQ(gate(3).epoch(), epoch_);
  const auto reading = gate(3).begin(kPartition);
  map({.primary = 1, .in_sync = {2}});
  EXPECT_EQ(gate(3).epoch(), epoch_);
  EXPECT_FALSE(gate(3).goes_on(kPartition, reading));
}

TEST_F(CopyReads, OfBothSidesOfANewStreamAreToldApart) {
  const auto reading = gate(2).begin(kPartition);
  disconnect(1, 2);
  connect(1, 2);
  run();
  EXPECT_TRUE(is_open(2));
  EXPECT_FALSE(gate(2).goes_on(kPartition, reading));
}

TEST_F(CopyReads, WaitForWhatIsSuspect) {  // I6
  hold(1, 3);
  put(1, "a", "apple");  // reaches 2 alone, and is not committed
  run();
  map({.primary = 3, .in_sync = {2}});  // 3 has never heard of it
  hold(3, 2);
  run();
  EXPECT_FALSE(is_open(2));
  deliver_one(3, 2);  // the sync
  ASSERT_TRUE(state(2).has_suspects());
  EXPECT_EQ(stored_at(2, "a"), "apple");
  EXPECT_EQ(read(2, "a"), "(not here)");
  release(3, 2);
  run();
  EXPECT_EQ(read(2, "a"), "(none)");
}

TEST_F(CopyReads, GoOnWhileThePrimaryIsSilent) {
  put(1, "a", "apple");
  run();
  tell_commits();
  disconnect(1, 2);
  EXPECT_EQ(read(2, "a"), "apple");
}

}  // namespace
}  // namespace p2p::diststore::replication
