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

  // The keys that the other node held are gone or on their way to us; but what we were about to send it must go
  // elsewhere.
  void remove(const Location&, Next next) override {
    next();
    mover_->look();
  }

  // The others hear that this node leaves only when their new owners hold its keys.
  void cleanup(std::shared_ptr<const RingView> ring_without_self, Next next) override {
    mover_->hand_over(std::move(ring_without_self), std::move(next));
  }

 private:
  const std::shared_ptr<Mover> mover_;
};

}  // namespace p2p::diststore
