// The example `queue` on the harness's fake store: what a client is told when an update meets a conflict, fails, or
// loses its outcome.
#include <p2p/testing.h>

#include <Queue.h>
#include <gtest/gtest.h>

#include <string>

namespace queue {
namespace {

using p2p::Error;
using p2p::ErrorKind;
using p2p::RouteState;
using p2p::testing::FakeStore;
using p2p::testing::TestNode;

class QueueExample : public testing::Test {
 protected:
  static Ticket ticket(std::int64_t call) {
    Ticket one;
    one.client = "me";
    one.call = call;
    return one;
  }
  std::int64_t push(const std::string& item, const Ticket& with = {}) { return client->push("jobs", item, with); }
  std::string pop(const Ticket& with = {}) {
    Popped popped;
    client->pop(popped, "jobs", with);
    return popped.found ? popped.item : "(nothing)";
  }
  Outcome::type failure_of_pop(const Ticket& with = {}) {
    try {
      pop(with);
    } catch (const QueueError& error) {
      EXPECT_FALSE(error.why.empty());
      return error.outcome;
    }
    ADD_FAILURE() << "it did not fail";
    return {};
  }

  TestNode node{{.toml = "[services.queue]\n", .fake_store = true}};
  p2p::testing::Connected<QueueClient> client = node.client<QueueClient>("queue");
  FakeStore& store = node.fake_store();
};

TEST_F(QueueExample, ItemsComeOutInTheirOrder) {
  EXPECT_EQ(push("a"), 1);
  EXPECT_EQ(push("b"), 2);
  EXPECT_EQ(client->len("jobs"), 2);
  EXPECT_EQ(client->len("other"), 0);
  EXPECT_EQ(pop(), "a");
  EXPECT_EQ(push(""), 2);
  EXPECT_EQ(pop(), "b");
  EXPECT_EQ(pop(), "");
  EXPECT_EQ(pop(), "(nothing)");
  EXPECT_TRUE(store.state("queue", "jobs").empty());
}

TEST_F(QueueExample, AConflictIsSeenByNobody) {
  push("a");
  store.conflict_next([](RouteState& state) { state.erase(state.begin()); });
  EXPECT_EQ(pop(), "(nothing)") << "another node has popped it";
  push("a");
  store.conflict_next([](RouteState& state) { state["i0000000000000002"] = "b"; });
  EXPECT_EQ(push("c"), 3);
  for (const char* item : {"a", "b", "c"}) EXPECT_EQ(pop(), item);
}

TEST_F(QueueExample, WhatWasNotDoneMayBeAskedAgain) {
  push("a");
  store.fail_next(Error{ErrorKind::unreachable, "nobody serves it"}, FakeStore::Executed::no);
  EXPECT_EQ(failure_of_pop(), Outcome::not_done);
  EXPECT_EQ(pop(), "a");
}

TEST_F(QueueExample, AnUnknownPopIsMadeOnceWithItsTicket) {
  for (const char* item : {"a", "b"}) push(item);
  store.fail_next(Error{ErrorKind::timed_out, "no answer"}, FakeStore::Executed::yes);
  EXPECT_EQ(failure_of_pop(ticket(1)), Outcome::unknown);
  EXPECT_EQ(pop(ticket(1)), "a") << "the answer of the call before";
  EXPECT_EQ(pop(ticket(2)), "b");
  EXPECT_EQ(pop(ticket(2)), "b");
}

TEST_F(QueueExample, AnUnknownPushIsMadeOnceWithItsTicket) {
  for (const auto executed : {FakeStore::Executed::no, FakeStore::Executed::yes}) {
    const Ticket one = ticket(executed == FakeStore::Executed::yes ? 1 : 2);
    store.fail_next(Error{ErrorKind::timed_out, "no answer"}, executed);
    EXPECT_THROW(push("a", one), QueueError);
    EXPECT_EQ(push("a", one), 1);
    EXPECT_EQ(pop(), "a");
    EXPECT_EQ(pop(), "(nothing)");
  }
}

TEST_F(QueueExample, RemembersOneCallOfEachClientAndNoMoreThanSoManyClients) {
  for (int number = 0; number < 200; ++number) {
    Ticket one = ticket(number);
    one.client = std::to_string(number);
    push("a", one);
    push("b", ticket(number));
  }
  std::size_t calls = 0;
  for (const auto& [sub_key, value] : store.state("queue", "jobs")) calls += sub_key.front() == 'c' ? 1 : 0;
  EXPECT_EQ(calls, 64u);
  EXPECT_EQ(push("b", ticket(199)), 400) << "as before";
}

TEST_F(QueueExample, LeavesNothingBehind) {
  push("a");
  node.restart("queue");
  EXPECT_EQ(pop(), "a") << "it outlives the object that pushed it";
  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

}  // namespace
}  // namespace queue
