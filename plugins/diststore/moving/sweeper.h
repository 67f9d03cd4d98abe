// When may a tombstone go? When no node can still hold an older value: some time after the erase, and after every node
// has said since that it holds no key of another one.
#pragma once

#include "moving/mover.h"
#include "moving/ring_watch.h"
#include "serving/store.h"

#include <p2p/log.h>
#include <p2p/strand.h>

#include <memory>

namespace p2p::diststore {

class Sweeper final : public std::enable_shared_from_this<Sweeper> {
 public:
  Sweeper(std::shared_ptr<Strand> strand, std::shared_ptr<Store> store, std::shared_ptr<RingWatch> watch,
          std::shared_ptr<Mover> mover)
      : strand_(std::move(strand)), store_(std::move(store)), watch_(std::move(watch)), mover_(std::move(mover)) {}

  void start();  // [any thread]
  void stop();   // [any thread]

 private:
  // All of the following: [own strand].
  void look();
  void sweep_some();

  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<Store> store_;
  const std::shared_ptr<RingWatch> watch_;
  const std::shared_ptr<Mover> mover_;
  std::unique_ptr<Timer> timer_;
  ScanPosition scanned_;
  std::uint64_t erased_before_ms_ = 0;  // what the census under way is for
  Duration since_look_{};
  bool is_counting_ = false;
};

}  // namespace p2p::diststore
