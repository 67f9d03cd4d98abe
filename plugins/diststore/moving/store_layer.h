// The store's part in changes of the ring: after each, keys move to their new owners; before this node leaves, all of
// them.
#pragma once

#include "moving/mover.h"

#include <p2p/locator.h>

#include <memory>
#include <utility>

namespace p2p::diststore {

class StoreLayer final : public RingLayer {
 public:
  explicit StoreLayer(std::shared_ptr<Mover> mover) : mover_(std::move(mover)) {}

  // The ring first: only then does the newcomer own what it is to get.
  void add(const Location&, Next next) override {
    next();
    mover_->look();
  }

  // What we were about to send it must go elsewhere.
  void remove(const Location&, Next next) override {
    next();
    mover_->look();
  }

  // This node ends only when the new owners hold its keys. The ring may go on changing meanwhile, so the mover works by
  // the newest, not by this one.
  void cleanup(std::shared_ptr<const RingView>, Next next) override { mover_->hand_over(std::move(next)); }

 private:
  const std::shared_ptr<Mover> mover_;
};

}  // namespace p2p::diststore
