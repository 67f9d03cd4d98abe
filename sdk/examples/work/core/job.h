// What is a job, and what is left when it has run?
#pragma once

#include <p2p/units.h>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace work {

// An id is unique among the jobs of its key.
struct JobName {
  std::string key;
  std::string id;
  friend auto operator<=>(const JobName&, const JobName&) = default;
};

enum class State : std::uint8_t { queued, running, done, failed };

inline bool has_ended(State state) { return state == State::done || state == State::failed; }

struct Job {
  std::string kind;
  std::string payload;  // empty once it runs
  State state = State::queued;
  std::string text;  // the result of one that is done; why another has failed
  p2p::TimePoint ended_at{};
};

// What a run has brought about. Effects that must happen exactly once are part of it: they are entered into the key's
// ledger in the same step in which the job becomes done, and travel with the key from then on.
struct Outcome {
  bool is_done = true;
  std::string text;
  std::vector<std::string> entries;
};

// A key's ledger. Each entry is named after the run that made it, so that one that arrives twice is still one entry,
// and a job that had run twice would show as two.
using Ledger = std::map<std::int64_t, std::string>;

// Some of what one node gives another.
struct Batch {
  std::vector<std::pair<JobName, Job>> jobs;
  std::vector<std::pair<std::string, Ledger::value_type>> entries;  // with their keys
  std::size_t bytes = 0;

  bool is_empty() const { return jobs.empty() && entries.empty(); }
};

}  // namespace work
