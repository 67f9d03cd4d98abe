// Where are values stored? In an engine, sliced into partitions. This is the contract of every engine, in memory or on
// disk; it knows versions and view versions, but neither who owns a key nor the time: a value that has expired is one
// like any other. Whatever can fail in some engine returns a Result; may_have_run() (<p2p/call.h>) tells by the error's
// kind whether something may have changed all the same.
#pragma once

#include "engine/function_ref.h"
#include "engine/partition.h"
#include "replication/stored_entry.h"
#include "replication/view_version.h"

#include <p2p/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace p2p::diststore {

// Entitles a caller to a key. `view_version`: the ring by which the caller found this node to be the owner.
// `confirmed_from`: a stored entry counts only if it was confirmed in this view version or later (H7); kNeverConfirmed:
// it always counts. Rules, H1 and so on: docs/decisions/0008.
struct OwnershipProof {
  ViewVersion view_version = 0;
  ViewVersion confirmed_from = kNeverConfirmed;
};

enum class Outcome : std::uint8_t {
  done,
  missing,      // there is no value; nothing was changed
  unconfirmed,  // another node may hold a newer value; nothing was read or changed
  fenced,       // the caller's view version has ended; nothing was read or changed
  kept,         // of merge() and remove(): the stored entry is not the expected one, and stays
};

struct EngineTotals {
  std::uint64_t keys = 0;        // with a value
  std::uint64_t bytes = 0;       // of keys and values, without the engine's overhead
  std::uint64_t tombstones = 0;  // keys remembered as erased
};

// The stored entry of one key; valid while a scan shows it.
struct EntryView {
  std::string_view key;
  std::string_view value;  // empty when erased
  Version version;
  bool is_erased = false;
  ViewVersion confirmed_in = kNeverConfirmed;
  WallMs expires_at = kNoExpiry;

  std::size_t bytes() const noexcept { return key.size() + value.size(); }
  StoredKey copy() const { return {std::string(key), version, bytes(), is_erased, std::string(value), confirmed_in}; }
};

// The position of a scan; a new one is at the beginning of its range. Only the engine that set `place` understands it:
// for the same range, while it lives, whatever has been stored and dropped since. Any other bytes are some position.
struct ScanPosition {
  std::string place;
  bool at_end = false;
};

// One change to one key, and its outcome. What it refers to must outlive apply().
struct Change {
  enum class Kind : std::uint8_t { write, erase, merge, confirm, remove, set, discard };

  // Replaces the stored value, whatever its version; `version` is raised above that one if it is not already, so that
  // an acknowledged write always wins over earlier ones (H21). [done, unconfirmed, fenced]
  static Change write(std::string_view key, std::string_view value, OwnershipProof right, Version version) {
    return {.kind = Kind::write, .key = key, .value = value, .right = right, .version = version};
  }
  // Leaves a tombstone (H22), with its version raised in the same way; nothing if the key is missing. [done, missing,
  // unconfirmed, fenced]
  static Change erase(std::string_view key, OwnershipProof right, Version version) {
    return {.kind = Kind::erase, .key = key, .right = right, .version = version};
  }
  // Another node's entry: stored only if newer than ours (H20). `is_confirmed`: its sender knows of nothing newer; the
  // stored entry then counts as confirmed in `view_version`. If done, `digest` is that of the stored entry. [done,
  // kept, fenced]
  static Change merge(std::string_view key, StoredEntry& item, ViewVersion view_version, bool is_confirmed) {
    return {.kind = Kind::merge,
            .key = key,
            .value = item.value,
            .owned = &item.value,
            .right = {view_version, kNeverConfirmed},
            .version = item.version,
            .is_erased = item.is_erased,
            .is_confirmed = is_confirmed};
  }
  // No other node holds anything newer: the stored entry counts as confirmed in `view_version`; if there is none, a
  // tombstone that loses to everything is stored. [done, fenced]
  static Change confirm(std::string_view key, ViewVersion view_version) {
    return {.kind = Kind::confirm, .key = key, .right = {view_version, 0}};
  }
  // Removes the key without a trace, if it still has `version` (H18). [done, missing, kept]
  static Change remove(std::string_view key, Version version) {
    return {.kind = Kind::remove, .key = key, .version = version};
  }
  // For a caller that decides by itself what is stored (replication/): this is the key's entry from now on, whatever
  // was stored, with exactly `version` and `expires_at`. [done]
  static Change set(std::string_view key, std::string_view value, Version version, WallMs expires_at = kNoExpiry) {
    return {.kind = Kind::set, .key = key, .value = value, .version = version, .expires_at = expires_at};
  }
  // The same, of a tombstone. [done]
  static Change set_erased(std::string_view key, Version version) {
    return {.kind = Kind::set, .key = key, .version = version, .is_erased = true};
  }
  // Removes the key without a trace, whatever was stored. [done, missing]
  static Change discard(std::string_view key) { return {.kind = Kind::discard, .key = key}; }

  Kind kind = Kind::write;
  std::string_view key;
  std::string_view value = {};
  std::string* owned = nullptr;  // holds `value`; may be moved from if the outcome is `done`
  // Of set(): holds `value`, for an engine that can keep a large one without a copy.
  const std::shared_ptr<const std::string>* shared = nullptr;
  OwnershipProof right = {};
  Version version = {};  // after a write or an erase that is done: the version it got
  WallMs expires_at = kNoExpiry;
  bool is_erased = false;
  bool is_confirmed = false;

  // Set by apply(); apply_one() returns the outcome instead.
  Outcome outcome = Outcome::fenced;
  std::uint64_t digest = 0;
};

// Every method: [any thread].
class Engine {
 public:
  using Use = FunctionRef<void(std::string_view value, Version version, WallMs expires_at)>;
  using Take = FunctionRef<bool(const EntryView& entry)>;

  virtual ~Engine() = default;

  // Calls `use` with the stored value if the outcome is `done`, and only then. Unless the value is large, `use` runs
  // under a lock on it, so it must be short and not call the engine.
  virtual Result<Outcome> get(std::string_view key, OwnershipProof right, Use use) const = 0;

  // The stored entry, without an ownership check; none if there is none.
  virtual Result<std::optional<StoredEntry>> copy(std::string_view key) const = 0;

  // Applies the changes in order, each atomically for its key. On an error none is applied, and the outcomes say
  // nothing.
  virtual Result<Done> apply(std::span<Change> changes) = 0;

  // Calls `take` with the entries of `range` from `position` on, and advances it: about `entries_max`, or until `take`
  // returns false, plus any at the same place as the last one. An entry that exists during the whole scan is shown at
  // least once. `take` runs under the rules for `use` of get(). After an error `position` may be retried.
  virtual Result<Done> scan(PartitionRange range, ScanPosition& position, std::size_t entries_max, Take take) const = 0;

  // Removes what the partition holds at the call, without a trace; what is written meanwhile may stay.
  virtual Result<Done> drop(Partition partition) = 0;

  // Begins a view version. When it returns, no call with an older proof is running, and none will succeed (H1).
  virtual void fence(ViewVersion view_version) = 0;

  virtual EngineTotals totals() const = 0;

  // What is stored takes so much memory, the engine's overhead included. Cheaper than totals(): asked after every few
  // changes.
  virtual std::uint64_t memory_bytes() const noexcept = 0;

  // A batch of one. An engine that has nothing to gain from batches may do it at less cost.
  virtual Result<Outcome> apply_one(Change& change) {
    if (auto applied = apply({&change, 1}); !applied.ok()) return applied.error();
    return change.outcome;
  }
  Result<Outcome> apply_one(Change&& change) { return apply_one(change); }
};

}  // namespace p2p::diststore
