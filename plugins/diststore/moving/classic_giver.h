// How does a key get to a node of the 2009 system without getting lost? Its put tells nothing, so each key is checked
// before it may be deleted here: the node must name itself as the owner, have no value of its own yet, take the put,
// and then have the value itself.
#pragma once

#include "replication/move_plan.h"
#include "serving/store.h"

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

// A node of the 2009 system joins before it listens: so often it is pinged before a key is given, with a pause of 10 ms
// after the first ping and twice the former after each other. That is the patience of its own kind, used beforehand.
inline constexpr int kPingsMax = 10;
inline constexpr Duration kPingPauseMin = std::chrono::milliseconds(10);

// A client that asks this node for a key while that is being checked looks like the key coming back; so often it is
// checked.
inline constexpr int kChecksMax = 5;

// Each call to such a node: it serves one connection at a time, and may be waiting for another node itself. A large value
// gets a second more for each MiB.
inline constexpr Duration kClassicCallTimeout = std::chrono::seconds(2);
inline constexpr std::size_t kClassicBytesPerSecond = 1024 * 1024;

// Batches that are given to one node at the same time, each key by key: it serves one connection at a time, and has the
// next ones waiting at its door meanwhile. Of two it was idle now and then, with four it never was.
inline constexpr std::size_t kGivenAtOnce = 4;

class ClassicGiver final : public std::enable_shared_from_this<ClassicGiver> {
 public:
  // What was given and may be deleted; why that was not all, "" when it was.
  using Given = std::function<void(std::span<const HeldKey>, const std::string&)>;

  ClassicGiver(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store)
      : log_(log), strand_(std::move(strand)), store_(std::move(store)) {}

  bool knows(const Location& node) const { return store_->classics->knows(node); }
  void remember(const Location& node) { store_->classics->remember(node); }

  // Gives the keys one after the other, until one cannot be given; kGivenAtOnce batches to the same node side by side.
  // `given` runs once, on the strand; its keys tell what was given of each: version, bytes and value. [own strand]
  void give(MoveBatch batch, Given given);

  // Lets go of what is not given yet; nobody is told. [any thread]
  void stop();

 private:
  struct Job {
    MoveBatch batch;
    Given given;
    std::size_t at = 0;  // the key whose turn it is; those before it are given
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

  void begin_next(const Location& node);
  void ping(const JobRef& job);
  void say_farewell(const JobRef& job);
  void next_key(const JobRef& job);
  void ask_owner(const JobRef& job, Held held);
  void look_before(const JobRef& job, const std::shared_ptr<Held>& held);
  void put(const JobRef& job, Held held);
  void check(const JobRef& job);
  void checked(const JobRef& job, bool came_back, const Result<std::string>& value);
  void given(const JobRef& job);
  void end(const JobRef& job, const std::string& why_not_all);

  // `work` on the strand, with the result of a call.
  template <class Value, class Work>
  std::function<void(Result<Value>)> then(Work work) {
    return [giver = shared_from_this(), work = std::move(work)](Result<Value> result) {
      giver->strand_->post([giver, work, result = std::move(result)]() mutable {
        if (!giver->is_stopped_.load()) work(std::move(result));
      });
    };
  }
  Duration patience(const JobRef& job) const;  // with a call that carries the value of the key whose turn it is
  const std::string& key_of(const JobRef& job) const { return job->batch.keys[job->at].key; }

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<Store> store_;
  std::map<Location, Queue> queues_;
  std::set<JobRef> paused_;  // which wait until they ping again: their timers hold them only weakly
  std::atomic<bool> is_stopped_{false};
};

}  // namespace p2p::diststore
