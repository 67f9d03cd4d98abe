// How far along is a hand-over? Keys and bytes left, and their rate, for the status and the log.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <mutex>

namespace p2p::diststore {

// Every method: [any thread].
class MoveProgress final {
 public:
  struct Figures {
    bool is_moving = false;
    std::int64_t keys_done = 0;  // confirmed by their receivers
    std::int64_t bytes_done = 0;
    std::int64_t keys_left = 0;  // an estimate until all keys are scanned: the same share of the rest as so far
    std::int64_t bytes_left = 0;
    std::int64_t keys_per_s = 0;
    std::int64_t ms_left = 0;
  };

  // A scan of `keys` keys begins; one that resumes an interrupted scan keeps its counts.
  void begin(std::uint64_t keys, TimePoint now);
  void scanned_keys(std::size_t keys);
  void planned(std::size_t keys, std::size_t bytes);  // found to belong elsewhere
  void confirmed(std::size_t keys, std::size_t bytes);
  void end();

  Figures figures(TimePoint now) const;

 private:
  mutable std::mutex mutex_;  // of what follows
  bool is_moving_ = false;
  TimePoint began_{};
  std::int64_t total_ = 0;
  std::int64_t scanned_keys_ = 0;
  std::int64_t planned_keys_ = 0;
  std::int64_t planned_bytes_ = 0;
  std::int64_t done_keys_ = 0;
  std::int64_t done_bytes_ = 0;
  std::int64_t planned_before_ = 0;  // done_keys_ when the scan began
  std::int64_t bytes_before_ = 0;
};

}  // namespace p2p::diststore
