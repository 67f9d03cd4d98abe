// What does this node answer for the keys it owns? The engine with a clock, in the wire's own types; who owns a key is
// decided elsewhere and shown by an OwnershipProof.
#pragma once

#include "engine/engine.h"
#include "replication/hybrid_clock.h"
#include "serving/wall_clock.h"
#include "serving/wire_version.h"

#include <diststore_types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace p2p::diststore {

wire::MovedItem to_wire(std::string key, StoredEntry stored);

// Whether no node holds anything newer for a key.
enum class Confirmed : bool {};
inline constexpr Confirmed kConfirmed{true};
inline constexpr Confirmed kUnconfirmed{false};

// Every method: [any thread].
class LocalStore final {
 public:
  // `node_name` becomes the tie-breaker of versions.
  LocalStore(std::string_view node_name, std::shared_ptr<Engine> engine);

  // See Change for the outcomes; with done and missing, `result` is the answer. write() moves from the value if done.
  // Errors are the engine's.
  Result<Outcome> read(std::string_view key, OwnershipProof right, wire::ReadResult& result) const;
  Result<Outcome> write(std::string_view key, std::string& value, OwnershipProof right, wire::WriteResult& result);
  // The same; if done, `version` is the one that the value got. Who writes many values at once reads the clock once.
  Result<Outcome> write(std::string_view key, std::string_view value, OwnershipProof right, Version& version,
                        std::uint64_t now_ms = wall_clock_ms());
  Result<Outcome> erase(std::string_view key, OwnershipProof right, wire::EraseResult& result);
  Result<Outcome> erase(std::string_view key, OwnershipProof right, Version& version);  // if done, of the erase

  // Takes over another node's entry (Change::merge). One with a stamp far ahead of our time is stored all the same, but
  // is counted and does not move our clock: refusing it would leave the key where nobody looks for it.
  Result<Outcome> merge(wire::MovedItem& item, ViewVersion view_version, bool confirmed, std::uint64_t& digest);

  // A classic put. A node of the 2009 system answers "" for a missing key, and stores and hands over "" for one that it
  // was asked for in vain: so "" leaves nothing to be found.
  Result<Outcome> put(std::string_view key, std::string_view value, OwnershipProof right);
  // The same for a key that this node does not own, or not yet: stored as newer than any entry here, to be handed over.
  // False: `view_version` has ended.
  Result<bool> keep(std::string_view key, std::string_view value, ViewVersion view_version, Confirmed confirmed);

  // Counts keys that transfers have brought.
  void count_moved_in(std::int64_t keys) noexcept { keys_moved_in_.fetch_add(keys, std::memory_order_relaxed); }

  Engine& engine() noexcept { return *engine_; }
  std::int64_t keys_moved_in() const noexcept { return keys_moved_in_.load(std::memory_order_relaxed); }
  std::int64_t stamps_too_far_ahead() const noexcept { return too_far_ahead_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t node_;
  HybridClock clock_;
  const std::shared_ptr<Engine> engine_;
  std::atomic<std::int64_t> keys_moved_in_{0};
  std::atomic<std::int64_t> too_far_ahead_{0};
};

}  // namespace p2p::diststore
