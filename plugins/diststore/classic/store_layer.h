// The store's part in the end of its node: before this node ends, its keys move to their owners. The store learns of
// all other ring changes from the view that each of them publishes (ILocator::subscribe): only then does a joiner own
// its keys.
#pragma once

#include "classic/rebalancer.h"

#include <p2p/locator.h>

#include <memory>
#include <utility>

namespace p2p::diststore {

class StoreLayer final : public RingLayer {
 public:
  explicit StoreLayer(std::shared_ptr<Rebalancer> rebalancer) : rebalancer_(std::move(rebalancer)) {}

  // This node ends only when the new owners hold its keys. The ring may keep changing meanwhile, so the rebalancer
  // works by the newest one, not by this one.
  void cleanup(std::shared_ptr<const RingView>, Next next) override { rebalancer_->hand_over(std::move(next)); }

 private:
  const std::shared_ptr<Rebalancer> rebalancer_;
};

}  // namespace p2p::diststore
