// Which of the keys this node holds belong to other nodes, and in which batches do they move there? Pure: takes stored
// keys, returns batches. classic/rebalancer.h decides when to scan and how to send.
#pragma once

#include "replication/stored_entry.h"

#include <p2p/locator.h>

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

namespace p2p::diststore {

struct MoveBatch {
  NodeAddress to;
  std::vector<StoredKey> keys;  // never empty
  std::size_t bytes = 0;
};

// Bounds the work that one batch causes on the I/O threads of both sides, which clients wait for: about 2 us per key on
// each side.
inline constexpr std::size_t kBatchKeysMax = 40;

class MovePlan final {
 public:
  // A batch ends before the key that would take it over `batch_bytes_max`; a larger key gets a batch of its own.
  explicit MovePlan(std::size_t batch_bytes_max) : batch_bytes_max_(batch_bytes_max) {}

  struct Planned {
    std::size_t keys = 0;
    std::size_t bytes = 0;
  };

  // Adds those of `stored` that another node owns by `view`; the others stay where they are. With an empty ring all
  // keys count as unowned and stay too. Returns what was added.
  Planned add(const RingView& view, std::vector<StoredKey> stored);

  // Every key has been added: batches that are not full may go too.
  void close();

  bool has_batch() const noexcept { return !ready_.empty(); }
  const NodeAddress& next_receiver() const { return ready_.front().to; }  // only when has_batch()
  MoveBatch take_batch();                                                 // only when has_batch(); the oldest first

  std::size_t unowned() const noexcept { return unowned_; }

 private:
  void add_to(MoveBatch& open, StoredKey key);
  void finish(MoveBatch& open);

  const std::size_t batch_bytes_max_;
  std::map<NodeAddress, MoveBatch> open_;
  std::deque<MoveBatch> ready_;
  std::size_t unowned_ = 0;
};

}  // namespace p2p::diststore
