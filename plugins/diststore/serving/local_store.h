// What does this node answer for the keys it owns? The engine with a clock, in the wire's own types; who owns a key is
// asked elsewhere: the Right tells.
#pragma once

#include "engine/memory_engine.h"
#include "replication/hybrid_clock.h"
#include "serving/store_options.h"

#include <diststore_types.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::diststore {

namespace wire = ::diststore;

wire::Version to_wire(Version version);
Version from_wire(const wire::Version& version);
wire::MovedItem to_wire(std::string key, Held held);

// Milliseconds since 1970, by this machine's clock. [any thread]
std::uint64_t wall_clock_ms();

// Whether nobody holds anything newer of a key.
enum class Settled : bool {};
inline constexpr Settled kSettled{true};
inline constexpr Settled kUnsettled{false};

// Every method: [any thread].
class LocalStore final {
 public:
  // `node_name` becomes the tie-breaker of versions.
  LocalStore(const StoreOptions& options, std::string_view node_name, std::uint64_t hash_seed);

  // What is wrong with a key and its value that a client wants to be stored; nothing: they may be. What is there
  // already may be larger: others have handed it over, and it is read, erased and handed on like any other.
  std::optional<wire::StoreError> refusal(std::string_view key, std::string_view value) const {
    if (key.size() <= options_.key_bytes_max && value.size() <= options_.value_bytes_max) return std::nullopt;
    return too_large(key.size(), value.size());
  }
  std::optional<wire::StoreError> refusal_of_count(std::size_t keys) const;

  // See MemoryEngine for the outcomes; with done and missing, `result` is the answer. write() moves from key and value
  // when it is done.
  [[nodiscard]] Outcome read(std::string_view key, Right right, wire::ReadResult& result) const;
  [[nodiscard]] Outcome write(std::string& key, std::string& value, Right right, wire::WriteResult& result);
  // The same, with the version that was given when it is done.
  [[nodiscard]] Outcome write(std::string_view key, std::string_view value, Right right, Version& version);
  [[nodiscard]] Outcome erase(std::string_view key, Right right, wire::EraseResult& result);

  // Takes over what another node held of a key (MemoryEngine::merge). A stamp far ahead of our time is stored all the
  // same, but does not move our clock, and is counted: refusing it would keep the key where nobody looks for it.
  [[nodiscard]] MergeOutcome merge(wire::MovedItem& item, Era era, bool settled, std::uint64_t& digest);

  // A classic put. "" is what a node of the 2009 system answers for a key that is missing, and what it keeps and hands
  // over for one that it was asked for in vain: it leaves nothing to be found.
  [[nodiscard]] Outcome put(std::string_view key, std::string_view value, Right right);
  // The same for a key of which this node is not the owner, or not yet: newer than whatever is held of it, to be handed
  // on. False: `era` has ended.
  [[nodiscard]] bool keep(std::string_view key, std::string_view value, Era era, Settled settled);

  // Keys that transfers have brought.
  void count_moved_in(std::int64_t keys) noexcept { keys_moved_in_.fetch_add(keys, std::memory_order_relaxed); }

  MemoryEngine& engine() noexcept { return engine_; }
  std::int64_t keys_moved_in() const noexcept { return keys_moved_in_.load(std::memory_order_relaxed); }
  std::int64_t stamps_too_far_ahead() const noexcept { return too_far_ahead_.load(std::memory_order_relaxed); }

 private:
  wire::StoreError too_large(std::size_t key_bytes, std::size_t value_bytes) const;

  const StoreOptions options_;
  const std::uint64_t node_;
  HybridClock clock_;
  MemoryEngine engine_;
  std::atomic<std::int64_t> keys_moved_in_{0};
  std::atomic<std::int64_t> too_far_ahead_{0};
};

}  // namespace p2p::diststore
