// How far is a hand-over? Keys and bytes that are left, and how fast they go: for the status and the log.
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
    std::int64_t keys_left = 0;  // an estimate while not all keys have been looked at: as many of the rest as so far
    std::int64_t bytes_left = 0;
    std::int64_t keys_per_s = 0;
    std::int64_t ms_left = 0;
  };

  // A look at `keys` keys begins; one that goes on where another was broken off keeps what that has counted.
  void begin(std::uint64_t keys, TimePoint now);
  void looked_at(std::size_t keys);
  void planned(std::size_t keys, std::size_t bytes);  // found to belong elsewhere
  void confirmed(std::size_t keys, std::size_t bytes);
  void end();

  Figures figures(TimePoint now) const;

 private:
  mutable std::mutex mutex_;  // of what follows
  bool is_moving_ = false;
  TimePoint began_{};
  std::int64_t total_ = 0;
  std::int64_t looked_at_ = 0;
  std::int64_t planned_keys_ = 0;
  std::int64_t planned_bytes_ = 0;
  std::int64_t done_keys_ = 0;
  std::int64_t done_bytes_ = 0;
  std::int64_t planned_before_ = 0;  // done_keys_ when the look began
  std::int64_t bytes_before_ = 0;
};

}  // namespace p2p::diststore
