// Who holds the data of partitions? In an agreed cluster each partition has a primary, copies in sync and learners. The
// service of a node that holds their data is told by the locator what the node is for each of them, and says how far it
// is. What has to be done for it is the service's question.
//
// Nodes are numbers here: the locator gives one to each node id that it hears of in this process, and never gives it to
// another. A node that comes back at another address, or with another process, keeps its number.
#pragma once

#include <p2p/export.h>
#include <p2p/node_address.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace p2p {

using PartitionNode = std::uint32_t;
inline constexpr PartitionNode kNoPartitionNode = ~PartitionNode{0};

enum class PartitionRole : std::uint8_t {
  none,     // what the node still has of it is of use when it becomes a learner, perhaps
  learner,  // gets what the primary has
  in_sync,  // takes every write
  primary,  // serves, as long as ILocator::lease_held_until() says so
};

struct PartitionCopy {
  PartitionNode node = kNoPartitionNode;
  std::uint64_t since = 0;  // of a learner: the epoch of its assignment; 0: it is in sync
  friend bool operator==(const PartitionCopy&, const PartitionCopy&) = default;
};

// What this node is for a partition.
struct PartitionAssignment {
  std::uint32_t partition = 0;
  PartitionRole role = PartitionRole::none;
  std::uint64_t term = 0;                    // the epoch at which primary or copies in sync changed last
  std::uint64_t born = 0;                    // the epoch at which it began empty last
  std::uint64_t since = 0;                   // of a learner
  PartitionNode primary = kNoPartitionNode;  // unless it is this node
  std::vector<PartitionCopy> others = {};    // of a primary: in sync, and learners
  std::size_t copies_required = 1;           // of a primary: in sync, itself included, for a write to be taken (W1)
  friend bool operator==(const PartitionAssignment&, const PartitionAssignment&) = default;
};

struct PartitionMember {
  PartitionNode node = kNoPartitionNode;
  std::string id;  // 16 bytes: the same in all processes
  NodeAddress address;
  friend bool operator==(const PartitionMember&, const PartitionMember&) = default;
};

// A cluster map, as far as it concerns a holder.
struct PartitionMap {
  std::uint64_t epoch = 0;
  // Where either differs from the map before, this node has begun anew, as another one: nothing that it holds counts
  // any more, and epochs may be lower than before.
  std::string cluster;                       // 16 bytes
  std::string self;                          // this node's id
  std::size_t members_up = 1;                // that may hold copies; at least 1
  bool hands_over = false;                   // this node is to hold nothing more, and others take what it has
  bool has_this_boot = false;                // it names this process; before that this node has no role
  std::vector<PartitionAssignment> changed;  // those that differ from the map before
  std::vector<PartitionMember> members;      // that are new, or have another address
  std::uint32_t feature_level = 0;           // in force: what all members know; never lower than before
};

// What a primary says of another copy.
struct PartitionReport {
  std::uint32_t partition = 0;
  PartitionNode copy = kNoPartitionNode;
  std::uint64_t term = 0;   // of the primary that says it
  std::uint64_t since = 0;  // of a learner's assignment; 0: it is in sync
  friend bool operator==(const PartitionReport&, const PartitionReport&) = default;
};

// Implemented by the service that holds the data. Must not block. Every method: [locator's strand].
class P2P_API PartitionHolder {
 public:
  virtual ~PartitionHolder();

  // In the order of epochs. The first has everything.
  virtual void on_map(std::shared_ptr<const PartitionMap> map) = 0;

  // This node is primary in `term` and is to hand over: it serves the partition no more, finishes what is under way,
  // and then consents, once. From its consent on it serves nothing of that partition until another term.
  virtual void stop_serving(std::uint32_t partition, std::uint64_t term) = 0;
  virtual bool has_stopped(std::uint32_t partition, std::uint64_t term) const = 0;  // it has consented
  // The hand-over is given up. False: it has consented meanwhile, and that stands. True: it will not consent, and
  // serves again.
  virtual bool resume(std::uint32_t partition, std::uint64_t term) = 0;

  // Of partitions that this node is primary of: learners that have everything, and copies that do not keep up. Asked
  // again and again; what the map shows already does no harm.
  virtual std::vector<PartitionReport> filled() const = 0;
  virtual std::vector<PartitionReport> failed() const = 0;

  // False: it hangs, or cannot keep what it takes. The lease is not prolonged then.
  virtual bool is_healthy() = 0;

  // False: it has no room for further copies, and is not made a learner while that is so. What it has stays.
  virtual bool takes_copies() { return true; }
};

}  // namespace p2p
