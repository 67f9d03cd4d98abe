// Has a partition applied this write of a client before (docs/decisions/0044)? Each copy remembers which operations its
// history holds: the latest ones by name, and of those that it has forgotten, or has got without their names, how high
// their numbers go at most. So a write that may have been done is never done twice: it is done if its number is above
// that, and its name is not there. Pure.
#pragma once

#include "engine/function_ref.h"
#include "engine/partition.h"
#include "replication/write_version.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace p2p::diststore::replication {

// Names one write or erase of a client over all its attempts. Numbers of all clients are compared with each other: they
// are microseconds since 1970 by the client's clock when the call began, or more. What follows from a clock that is
// wrong is a call that has to be given another number, and nothing else.
struct OperationId {
  std::uint64_t client = 0;  // drawn at random
  std::uint64_t number = 0;  // rises within a client; 0: there is no operation

  bool is_set() const noexcept { return number != 0; }
  friend bool operator==(const OperationId&, const OperationId&) = default;
};

// As clients count: microseconds.
inline constexpr std::uint64_t kOperationsPerMs = 1000;
// A number further ahead of a primary's clock is not taken, lest one broken clock leaves no higher ones to the others.
inline constexpr std::uint64_t kOperationsAheadMax = std::uint64_t{24} * 3600 * 1000 * kOperationsPerMs;
// But for those so little above the highest: all clients go on from there.
inline constexpr std::uint64_t kOperationsAboveHighestMax = std::uint64_t{60} * 1000 * kOperationsPerMs;

// What a copy knows of its partition. Every operation in the history of its content is in Operations since `newest`,
// or its number is at most `forgotten`.
struct KnownOperations {
  std::uint64_t newest = 0;   // its place in Operations; 0: none is there
  std::uint64_t highest = 0;  // no number in the history is above it
  std::uint64_t forgotten = 0;

  // Names are not to be relied on any more: nothing that has been applied until now counts as new.
  void forget_names() noexcept {
    newest = 0;
    forgotten = highest;
  }
};

// The latest operations of all partitions of a node, in the order in which it has applied them.
class Operations final {
 public:
  struct Record {
    OperationId id;
    WriteVersion version;              // of the write; or of the record that nothing was done
    std::uint64_t highest_before = 0;  // of the partition's numbers
    std::uint32_t back = 0;            // to the partition's record before this one; 0: it is forgotten
    std::uint16_t partition = 0;
    bool has_effect = true;
  };
  enum class Seen : std::uint8_t {
    never,      // surely not applied
    before,     // `record` says what came of it
    forgotten,  // not known: it is not to be applied
  };
  struct Answer {
    Seen seen = Seen::never;
    const Record* record = nullptr;  // until the next add()
  };

  // Memory is taken, and operations are forgotten, by so many at most: 48 KiB.
  static constexpr std::size_t kChunkRecordsMax = 1024;
  // A number that so many newer operations of its partition have overtaken is not looked for any further: 20 us.
  static constexpr std::size_t kStepsMax = 4096;
  // The first attempt of a client whose clock is behind another's: it may have another number, and then need not look.
  static constexpr std::size_t kFirstStepsMax = 128;

  // About so many are known by name at most; `records_max` is at least 1.
  explicit Operations(std::size_t records_max);

  Answer find(const KnownOperations& known, OperationId id, std::size_t steps_max = kStepsMax) const;
  // The write has been applied. `known_of(partition)`: null if the node has nothing of it any more.
  void add(Partition partition, KnownOperations& known, OperationId id, WriteVersion version, bool has_effect,
           FunctionRef<KnownOperations*(Partition)> known_of);
  std::size_t bytes() const noexcept { return chunks_.size() * chunk_records_ * sizeof(Record); }

 private:
  using Chunk = std::unique_ptr<Record[]>;

  Record& at(std::uint64_t place) const {
    return chunks_[(place - first_) / chunk_records_][(place - first_) % chunk_records_];
  }
  void make_room(FunctionRef<KnownOperations*(Partition)> known_of);

  const std::size_t chunk_records_;
  const std::size_t chunks_max_;
  std::deque<Chunk> chunks_;
  std::uint64_t first_ = 1;  // the place of the oldest record
  std::uint64_t next_ = 1;
};

}  // namespace p2p::diststore::replication
