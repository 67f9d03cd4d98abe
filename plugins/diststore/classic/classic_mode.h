// The classic mode of the store, as one object: who owns a key follows from the locator's ring, and keys move when the
// ring changes.
#pragma once

#include "classic/classic_store.h"
#include "classic/rebalancer.h"
#include "classic/receipts.h"
#include "classic/ring_watch.h"
#include "classic/tombstone_collector.h"
#include "serving/store_mode.h"
#include "spaces/space_store.h"

#include <p2p/completion.h>
#include <p2p/context.h>
#include <p2p/handlers.h>
#include <p2p/strand.h>
#include <p2p/subscription.h>

#include <filesystem>
#include <memory>

namespace p2p::diststore {

// Every method: [control thread].
class ClassicMode final : public StoreMode {
 public:
  // `classics`: what the forwarder of `parts` notes as foreign. `context` must outlive stop().
  ClassicMode(Context& context, StoreParts parts, std::shared_ptr<Engine> engine, std::shared_ptr<ILocator> locator,
              std::shared_ptr<ClassicPeers> classics);

  std::shared_ptr<KeyRouting> routing() const override { return routing_; }
  std::shared_ptr<KeysHere> keys() const override { return keys_; }
  std::shared_ptr<Scans> scans() const override { return scans_; }
  std::shared_ptr<IStore> spaces() const override { return std::make_shared<NoSpaces>(); }

  Result<Done> start(Context& context) override;
  // Those that move keys.
  void add_methods(Methods& methods) override;
  // When this node has joined, and no other node owns its keys any more.
  void when_established(Completion done) override;
  // Keys move when the locator takes this node off the ring (StoreLayer). Before and after that, others may put here.
  void begin_leave() override { rebalancer_->begin_leave(); }
  // Not while it holds keys: as long as this node is a member, the others consider them its own.
  Result<Done> may_end() const override;
  void stop() override;

 private:
  void show_gauges(Context& context);
  void show_progress(Context& context);
  void leave_receipts_behind() const;

  const std::filesystem::path receipts_file_;
  const std::shared_ptr<ClassicStore> store_;
  const std::shared_ptr<KeyRouting> routing_;
  const std::shared_ptr<KeysHere> keys_;
  const std::shared_ptr<ReceiptBook> receipts_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<RingWatch> watch_;
  const std::shared_ptr<Rebalancer> rebalancer_;
  const std::shared_ptr<Scans> scans_;
  const std::shared_ptr<TombstoneCollector> tombstone_collector_;
  Subscription layer_;
  Subscription views_;
};

}  // namespace p2p::diststore
