// The store in an agreed cluster, as one object: who owns a key follows from the cluster map, and each value is on
// every copy in sync of its partition (docs/decisions/0033). Copies move when the map changes, which needs nothing of
// this.
#pragma once

#include "agreed/agreed_entries.h"
#include "agreed/replica_service.h"
#include "serving/store.h"
#include "serving/store_mode.h"
#include "spaces/space_store.h"

#include <p2p/locator.h>

#include <memory>
#include <string>

namespace p2p::diststore::agreed {

// Every method: [control thread].
class AgreedMode final : public StoreMode {
 public:
  // `service`: the store's configured name.
  AgreedMode(const StoreParts& parts, const std::shared_ptr<ILocator>& locator, const std::string& service,
             std::shared_ptr<ReplicaService> replicas);

  std::shared_ptr<KeyRouting> routing() const override { return routing_; }
  std::shared_ptr<KeysHere> keys() const override { return keys_; }
  std::shared_ptr<Scans> scans() const override { return scans_; }
  std::shared_ptr<IStore> spaces() const override { return spaces_; }

  Result<Done> start(Context& context) override;
  void add_methods(Methods&) override {}
  void when_established(Completion done) override { replicas_->when_established(std::move(done)); }
  // The planner moves the copies of a node that leaves, before the map lets it go (J3).
  void begin_leave() override {}
  Result<Done> may_end() const override { return replicas_->may_end(); }
  void stop() override;

 private:
  const Duration forward_timeout_;
  const std::shared_ptr<ReplicaService> replicas_;
  const std::shared_ptr<KeyRouting> routing_;
  const std::shared_ptr<KeysHere> keys_;
  const std::shared_ptr<Scans> scans_;
  const std::shared_ptr<AgreedEntries> entries_;
  std::shared_ptr<SpaceStore> spaces_;  // while it runs
};

// Why the store cannot serve a cluster whose keys are divided into so many partitions: its engines are made for
// kPartitions, so that a partition of the map is one of theirs.
Result<Done> fits_partitions(std::uint32_t partitions);
// Why messages of at most so many bytes are too small for what copies say to each other.
Result<Done> fits_messages(std::uint64_t message_bytes_max);

}  // namespace p2p::diststore::agreed
