// How does a key get to a node of the 2009 system without getting lost? Its put returns nothing, so each key is checked
// before it may be deleted here: the node must name itself as the owner, have no value yet, take the put, and then
// return the value itself.
#pragma once

#include "classic/classic_store.h"
#include "classic/core/move_plan.h"

#include <p2p/log.h>
#include <p2p/strand.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace p2p::diststore {

// A node of the 2009 system joins before it listens, so it is pinged up to this often before the first key, with a
// pause of 10 ms that doubles after each ping. It is the patience among nodes of that system, applied beforehand.
inline constexpr int kPingsMax = 10;
inline constexpr Duration kPingPauseMin = std::chrono::milliseconds(10);

// A client's get for a key while that is being checked looks like the key coming back, so the check is repeated up to
// this often.
inline constexpr int kChecksMax = 5;

// Of each call to such a node: it serves one connection at a time, and may itself be waiting for another node. A large
// value gets one more second per MiB.
inline constexpr Duration kClassicCallTimeout = std::chrono::seconds(2);
inline constexpr std::size_t kClassicBytesPerSecond = 1024 * 1024;

// Batches given to one node in parallel, each key by key: it serves one connection at a time while the next ones queue.
// With two it was idle now and then, with four never.
inline constexpr std::size_t kGivenAtOnce = 4;

class ClassicGiver final : public std::enable_shared_from_this<ClassicGiver> {
 public:
  // The keys that were given and may be deleted; why not all of them, or "".
  using Given = std::function<void(std::span<const StoredKey>, const std::string&)>;

  ClassicGiver(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store)
      : log_(log), strand_(std::move(strand)), store_(std::move(store)) {}

  bool knows(const NodeAddress& node) const { return store_->classics->knows(node); }
  void remember(const NodeAddress& node) { store_->classics->remember(node); }

  // Gives the keys in order until one cannot be given; up to kGivenAtOnce batches to the same node in parallel. `given`
  // runs once, on the strand; its keys have the version, bytes and value that were given. [own strand]
  void give(MoveBatch batch, Given given);

  // Drops what is not given yet, without a callback. [any thread]
  void stop();

 private:
  struct Job {
    MoveBatch batch;
    Given given;
    std::size_t at = 0;  // the current key; those before it are given
    int pings = 0;
    int checks = 0;  // of this key
    std::unique_ptr<Timer> pause;
  };
  using JobRef = std::shared_ptr<Job>;
  // What goes to one node.
  struct Queue {
    std::deque<JobRef> waiting;
    std::size_t under_way = 0;
  };

  void begin_next(const NodeAddress& node);
  void ping(const JobRef& job);
  void say_farewell(const JobRef& job);
  void next_key(const JobRef& job);
  void ask_later_owners(const JobRef& job, const std::shared_ptr<StoredEntry>& stored, std::vector<NodeAddress> owners);
  void ask_owner(const JobRef& job, const std::shared_ptr<StoredEntry>& stored);
  void read_before_put(const JobRef& job, const std::shared_ptr<StoredEntry>& stored);
  void put(const JobRef& job, StoredEntry stored);
  void check(const JobRef& job);
  void checked(const JobRef& job, bool came_back, const Result<std::string>& value);
  void given(const JobRef& job);
  void end(const JobRef& job, const std::string& why_not_all);

  // Runs `work` on the strand, with the result of a call.
  template <class Value, class Work>
  std::function<void(Result<Value>)> then(Work work) {
    return [giver = shared_from_this(), work = std::move(work)](Result<Value> result) {
      giver->strand_->post([giver, work, result = std::move(result)]() mutable {
        if (!giver->is_stopped_.load()) work(std::move(result));
      });
    };
  }
  Duration patience(const JobRef& job) const;  // for a call that carries the value of the current key
  const std::string& key_of(const JobRef& job) const { return job->batch.keys[job->at].key; }

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<ClassicStore> store_;
  std::map<NodeAddress, Queue> queues_;
  std::set<JobRef> paused_;  // waiting for the next ping: their timers hold them only weakly
  std::atomic<bool> is_stopped_{false};
};

}  // namespace p2p::diststore
