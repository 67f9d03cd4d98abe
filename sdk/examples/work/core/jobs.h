// Which jobs are here, which of them runs next, and which have run already? One node's queue, results and ledgers.
// Pure: told the time and what happened; whoever owns it decides which keys may run here.
#pragma once

#include "core/job.h"

#include <functional>
#include <list>
#include <optional>
#include <unordered_map>

namespace work {

struct Limits {
  std::size_t queue_max = 10'000;     // jobs that wait; more are not accepted
  std::size_t running_max = 2;        // jobs that run at the same time
  std::size_t results_max = 100'000;  // jobs that have ended and are remembered
  p2p::Duration results_age = std::chrono::minutes(10);
  std::size_t ledger_max = 100'000;  // entries of one key
};

class Jobs final {
 public:
  struct Counts {
    std::size_t queued = 0;
    std::size_t running = 0;
    std::size_t ended = 0;
  };

  // `first_run` and what is counted up from it name the runs here: those of other nodes must be far away.
  Jobs(Limits limits, std::int64_t first_run) : limits_(limits), next_run_(first_run) {}

  // The job is queued now. False, and nothing was done, when queue_max jobs wait. Not for a job that is here already.
  bool submit(const JobName& name, std::string kind, std::string payload);

  // The job, until the next call that changes anything; null when it is not here (any more).
  const Job* find(const JobName& name) const;
  std::vector<std::string> ledger(const std::string& key) const;

  // The first queued job whose key `may_run`; it is running from now on, and finish() must follow. Its payload is moved
  // out. Nothing when running_max are running, or none may.
  struct Start {
    JobName name;
    std::string kind;
    std::string payload;
  };
  std::optional<Start> start_next(const std::function<bool(const std::string&)>& may_run);
  void finish(const JobName& name, Outcome outcome, p2p::TimePoint now);

  // Drops results that are older than results_age or more than results_max, the oldest first.
  void forget_old(p2p::TimePoint now);

  const Counts& counts() const { return counts_; }

  // --- for keys that move; a running job stays where it is ---
  std::vector<std::string> keys() const;
  bool holds(const std::string& key) const { return keys_.contains(key); }
  bool is_busy(const std::string& key) const;  // one of its jobs is running

  // Copies what may move of `key` into `into`, until that has `bytes_max`; at least one piece, if `into` is empty.
  void copy(const std::string& key, std::size_t bytes_max, Batch& into) const;
  void remove(const Batch& given);

  // What another node gave. Of a job that is here too, the one that has got further is kept.
  void take(Batch batch);

 private:
  struct KeyState {
    std::map<std::string, Job> jobs;  // by id
    Ledger ledger;
    std::size_t running = 0;
  };

  Job* find_here(const JobName& name);
  void drop(const JobName& name);
  void drop_if_empty(const std::string& key);
  std::size_t& count_of(State state);

  const Limits limits_;
  std::int64_t next_run_;
  std::unordered_map<std::string, KeyState> keys_;  // by key; none of them empty
  // In the order in which they are due. Names of jobs that have moved away meanwhile are passed over.
  std::list<JobName> queue_;
  std::list<JobName> ended_;
  Counts counts_;
};

}  // namespace work
