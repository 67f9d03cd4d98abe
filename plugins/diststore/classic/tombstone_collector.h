// When may a tombstone go? When no node can still hold an older value: some time after the erase, and after every node
// has since said that it holds no key of another node (H23).
#pragma once

#include "classic/classic_store.h"
#include "classic/rebalancer.h"
#include "classic/ring_watch.h"

#include <p2p/log.h>
#include <p2p/strand.h>

#include <memory>

namespace p2p::diststore {

class TombstoneCollector final : public std::enable_shared_from_this<TombstoneCollector> {
 public:
  TombstoneCollector(std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store,
                     std::shared_ptr<RingWatch> watch, std::shared_ptr<Rebalancer> rebalancer)
      : strand_(std::move(strand)),
        store_(std::move(store)),
        watch_(std::move(watch)),
        rebalancer_(std::move(rebalancer)) {}

  void start();  // [any thread]
  void stop();   // [any thread]

 private:
  // All of the following: [own strand].
  void run();
  void collect_some();
  Result<Done> collect_step();

  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<ClassicStore> store_;
  const std::shared_ptr<RingWatch> watch_;
  const std::shared_ptr<Rebalancer> rebalancer_;
  std::unique_ptr<Timer> timer_;
  ScanPosition scanned_;
  std::uint64_t erased_before_ms_ = 0;  // older tombstones go when the current check is done
  Duration since_round_{};
  bool is_counting_ = false;
};

}  // namespace p2p::diststore
