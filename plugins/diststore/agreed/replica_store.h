// What may the path of a client's call ask of this node's copies of partitions? The shell of replication/ implements
// it; a test may as well. Who owns a key is not its question: a call for a partition that this node does not serve is
// refused.
#pragma once

#include "engine/engine.h"
#include "replication/copy_gate.h"
#include "replication/effects.h"
#include "replication/read_gate.h"

#include <p2p/locator.h>
#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace p2p::diststore::agreed {

// Every method: [any thread].
class ReplicaStore {
 public:
  // Runs once, never within the call that it was given to, on the strand of the store: it must not block. The answer's
  // verdict is what it is worth now (Replicas::verdict_now); what it refers to ends with the call. What it throws is
  // logged, and concerns no other call.
  using Done = std::function<void(const replication::Answer& answer)>;

  virtual ~ReplicaStore() = default;

  // The keys are all in `partition`. After stop() of the shell: refused.
  virtual void write(Partition partition, std::shared_ptr<replication::Batch> batch, Done done) = 0;
  // For a key that has a write under way by gate(); any other is read without the strand, as read_gate.h says.
  virtual void read(Partition partition, std::string key, replication::KeyHash hash, Done done) = 0;

  // Done once what is under way in the partition now is committed: for who has read many of its keys without a strand.
  // What was read may be answered if the answer is of the term that the gate showed before (Replicas::settle()).
  virtual void settle(Partition partition, Done done) = 0;

  virtual const replication::ReadGate& gate() const = 0;
  // Of partitions that this node has a copy of without being their primary.
  virtual const replication::CopyGate& copies() const = 0;
  virtual const Engine& engine() const = 0;
  virtual TimePoint lease_held_until() const = 0;
  virtual NewestMap newest_map() const = 0;  // ILocator::newest_map()

  // By which what expires is judged at this node (replication/expiry.h).
  virtual WallMs wall_now() const = 0;
  // In force in the cluster, as far as this node knows (M7); 0: it knows no map yet.
  virtual std::uint32_t feature_level() const noexcept = 0;
};

}  // namespace p2p::diststore::agreed
