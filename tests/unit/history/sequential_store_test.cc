// Histories of a store that does one thing at a time, called by many clients at once, are linearizable, however large;
// and a single false answer among them is found.
#include "../../support/rounds.h"
#include "history/history_verdict.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <random>

namespace p2p::history {
namespace {

struct Plan {
  std::size_t clients = 8;
  std::size_t keys = 1;
  std::size_t operations = 200;
  bool tells_versions = true;
  std::size_t percent_unknown = 5;
};

// Each client asks for one thing after another; the store does it at some moment in between. Of an unknown outcome it
// may be much later, or never.
class SequentialStore final {
 public:
  SequentialStore(const Plan& plan, std::uint64_t seed) : plan_(plan), random_(seed), free_at_(plan.clients) {
    for (std::size_t count = 0; count < plan.operations; ++count) ask();
  }

  const OperationsByKey& history() {
    while (!due_.empty()) execute_first();
    return told_;
  }

 private:
  struct Held {
    std::string value;
    Version version;
  };
  struct Due {
    Operation operation;
    Moment answer_at = 0;
    bool is_unknown = false;
  };

  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool happens(std::size_t percent) { return below(100) < percent; }

  void ask() {
    const std::size_t client =
        static_cast<std::size_t>(std::min_element(free_at_.begin(), free_at_.end()) - free_at_.begin());
    const Moment begin = free_at_[client] + static_cast<Moment>(below(50));
    while (!due_.empty() && due_.begin()->first < begin) execute_first();
    const Moment end = begin + 1 + static_cast<Moment>(below(1'000));
    Due due{operation(client, begin), end, happens(plan_.percent_unknown)};
    if (due.is_unknown && happens(20)) {  // it never happens
      note(std::move(due));
    } else {
      const Moment last = due.is_unknown && happens(50) ? end + 20'000 : end;
      due_.emplace(begin + static_cast<Moment>(below(static_cast<std::size_t>(last - begin) + 1)), std::move(due));
    }
    free_at_[client] = end + 1;
  }

  Operation operation(std::size_t client, Moment begin) {
    Operation one{.key = fmt::format("k{}", below(plan_.keys)), .client = static_cast<std::uint32_t>(client)};
    one.kind = happens(50) ? Kind::read : happens(70) ? Kind::write : Kind::erase;
    if (one.kind == Kind::write) one.value = fmt::format("c{}-{}", client, ++values_);
    if (one.kind == Kind::write && happens(20)) one.if_absent = true;
    if (one.kind == Kind::write && !one.if_absent && plan_.tells_versions && happens(20)) {
      const auto known = held_.find(one.key);
      if (known != held_.end()) one.if_version = known->second.version;
    }
    one.invoked_at = begin;
    return one;
  }

  void note(Due due) {
    due.operation.returned_at = due.answer_at;
    if (due.is_unknown) {
      due.operation.ending = Ending::unknown;
      due.operation.found.reset();
      due.operation.version.reset();
      if (due.operation.kind == Kind::read) due.operation.value.clear();
    }
    if (!plan_.tells_versions) due.operation.version.reset();
    told_[due.operation.key].push_back(std::move(due.operation));
  }

  void execute_first() {
    Due due = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    execute(due.operation);
    note(std::move(due));
  }

  void execute(Operation& one) {
    const auto held = held_.find(one.key);
    const bool is_there = held != held_.end();
    one.ending = Ending::ok;
    if (one.kind != Kind::write) one.found = is_there;
    const bool fails =
        (one.if_absent && is_there) || (one.if_version && (!is_there || held->second.version != *one.if_version));
    if (fails) {
      one.ending = Ending::condition_failed;
      one.found = is_there;
    }
    if (is_there && (fails || one.kind == Kind::read)) one.version = held->second.version;
    if (is_there && one.kind == Kind::read) one.value = held->second.value;
    if (!fails) change(one, is_there);
  }

  void change(Operation& one, bool is_there) {
    if (one.kind == Kind::read || (one.kind == Kind::erase && !is_there)) return;
    one.version = Version{1 + versions_ / 1'000, ++versions_};
    if (one.kind == Kind::write) held_[one.key] = {one.value, *one.version};
    if (one.kind == Kind::erase) held_.erase(one.key);
  }

  const Plan plan_;
  std::mt19937_64 random_;
  std::vector<Moment> free_at_;
  std::multimap<Moment, Due> due_;
  std::map<std::string, Held> held_;
  OperationsByKey told_;
  std::size_t values_ = 0;
  std::uint64_t versions_ = 0;
};

void expect_linearizable(const Plan& plan, std::uint64_t seed) {
  SequentialStore store(plan, seed);
  const HistoryVerdict verdict = judge(store.history(), 1);
  ASSERT_EQ(verdict.wrong_keys, 0u) << "seed " << seed << ": " << verdict.sentences.front();
  ASSERT_EQ(verdict.undecided_keys, 0u) << "seed " << seed << ": " << verdict.sentences.front();
}

TEST(SequentialStore, LeavesLinearizableHistories) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    expect_linearizable({.clients = 1 + seed % 12, .percent_unknown = seed % 40}, seed);
    expect_linearizable({.clients = 1 + seed % 6, .tells_versions = false, .percent_unknown = seed % 20}, seed);
  }
}

TEST(SequentialStore, OfManyClientsOnOneKeyIsJudged) {
  expect_linearizable({.clients = 32, .operations = 10'000, .percent_unknown = 2}, 1);
  expect_linearizable({.clients = 16, .operations = 2'000, .percent_unknown = 30}, 2);
  expect_linearizable({.clients = 8, .operations = 2'000, .tells_versions = false, .percent_unknown = 2}, 3);
}

// What was surely overwritten before `read` began: by a change that began after the write had ended.
const Operation* overwritten_before(const Operation& read, const std::vector<Operation>& operations) {
  for (const Operation& write : operations) {
    if (write.kind != Kind::write || write.ending != Ending::ok || write.value == read.value) continue;
    for (const Operation& next : operations) {
      const bool is_change = next.kind == Kind::write && next.ending == Ending::ok;
      if (is_change && next.invoked_at > write.returned_at && next.returned_at < read.invoked_at) return &write;
    }
  }
  return nullptr;
}

TEST(SequentialStore, IsCaughtAtASingleStaleRead) {
  std::size_t tried = 0;
  for (std::uint64_t seed = 0; seed < 40 / kRoundsShare; ++seed) {
    const bool tells_versions = seed % 2 == 0;
    SequentialStore store({.clients = 1 + seed % 8, .tells_versions = tells_versions, .percent_unknown = 10}, seed);
    OperationsByKey history = store.history();
    auto& operations = history.begin()->second;
    for (std::size_t at = operations.size() / 2 + seed % 50; at < operations.size(); ++at) {
      Operation& one = operations[at];
      if (one.kind != Kind::read || one.ending != Ending::ok) continue;
      const Operation* stale = overwritten_before(one, operations);
      if (stale == nullptr) continue;
      one.found = true;
      one.value = stale->value;
      one.version = stale->version;
      break;
    }
    if (history == store.history()) continue;
    ++tried;
    const HistoryVerdict verdict = judge(history, 1);
    ASSERT_EQ(verdict.wrong_keys, 1u) << "seed " << seed;
  }
  EXPECT_GT(tried, 30u / kRoundsShare);
}

}  // namespace
}  // namespace p2p::history
