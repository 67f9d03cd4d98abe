// How do copied keys get into the network that p2pctl asks? By many writes in flight at once, each of which is repeated
// until its outcome is known.
#pragma once

#include "ctl/copy_source.h"
#include "ctl/copy_text.h"

#include <p2p/client.h>
#include <p2p/units.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ctl {

// --- limits ---
inline constexpr std::size_t kCopyWritesMax = 256;                   // in flight: more are no faster on one machine
inline constexpr std::size_t kCopyBytesMax = std::size_t{16} << 20;  // of keys and values in flight, if not one alone
// Larger entries go alone: a node whose messages must be shorter ends the connection, and with it the other writes on
// it. Nodes of an agreed cluster take messages of at least 2 MiB.
inline constexpr std::size_t kCopyAloneBytes = std::size_t{1} << 20;
inline constexpr int kCopyAttemptsMax = 8;           // each of which lasts as long as --timeout at most
inline constexpr std::size_t kCopyFailuresMax = 10;  // that are told one by one

struct CopyWritesOptions {
  bool overwrites = false;  // else a key that is there already stays as it is
  const std::atomic<bool>& is_interrupted;
  // Called at times while anything goes on.
  std::function<void(const CopyTally& so_far)> on_progress;
};

// One thread, but for wake().
class CopyWrites final {
 public:
  // `to` outlives it.
  CopyWrites(client::Client& to, CopyWritesOptions options);
  ~CopyWrites();  // waits for what is in flight
  CopyWrites(const CopyWrites&) = delete;
  CopyWrites& operator=(const CopyWrites&) = delete;

  // Waits for room. Nothing is written once is_over().
  void add(CopyEntry entry);
  // Waits until something has happened: a write has ended, wake(), or a moment has passed.
  void wait();
  void wake();  // [any thread]
  // Waits until the outcome of everything added is known or, once is_over(), of what was in flight.
  void finish();

  // Interrupted, or the network has not taken a write for reasons that are not the key's.
  bool is_over() const { return error_.has_value() || options_.is_interrupted.load(); }
  const std::optional<Error>& error() const noexcept { return error_; }
  const CopyTally& tally() const noexcept { return tally_; }
  const std::vector<std::string>& failures() const noexcept { return failures_; }

 private:
  struct Slot {
    CopyEntry entry = {};
    int attempts = 0;
  };
  using Ended = std::pair<std::size_t, client::Outcome<client::Written>>;

  bool has_room_for(const CopyEntry& entry) const;
  void send(std::size_t slot);
  void repeat_what_is_due();
  void take(std::size_t slot, const client::Outcome<client::Written>& outcome);
  void take_failure(std::size_t slot, const client::Failure& failure);
  void fail(std::size_t slot, const std::string& why);
  void release(std::size_t slot);
  void show_progress();

  client::Client& to_;
  const CopyWritesOptions options_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
  std::multimap<TimePoint, std::size_t> repeated_;  // slots that are to be sent again
  std::size_t bytes_ = 0;                           // of all slots that are used
  bool is_alone_ = false;                           // the entry that was added last has to be
  std::size_t in_flight_ = 0;
  CopyTally tally_;
  std::optional<Error> error_;
  std::vector<std::string> failures_;
  TimePoint shown_at_{};

  std::mutex mutex_;
  std::condition_variable happened_;
  std::vector<Ended> ended_;  // by mutex_
  bool is_woken_ = false;     // by mutex_
};

}  // namespace p2p::ctl
