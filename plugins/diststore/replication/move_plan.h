// Which of the keys this node holds belong to another node, and in which portions do they travel there? Pure: told what
// is held, asked for batches. When to look and how to send is moving/mover.h's business.
#pragma once

#include "replication/held.h"

#include <p2p/locator.h>

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace p2p::diststore {

struct MoveBatch {
  Location to;
  std::vector<HeldKey> keys;  // never empty
  std::size_t bytes = 0;
};

// Bounds the work that one batch causes on the I/O threads of both sides, which clients wait for: about 2 us a key and
// side.
inline constexpr std::size_t kBatchKeysMax = 40;

class MovePlan final {
 public:
  // A batch ends before the key that would take it over `batch_bytes_max`; a key larger than that travels alone.
  explicit MovePlan(std::size_t batch_bytes_max) : batch_bytes_max_(batch_bytes_max) {}

  struct Planned {
    std::size_t keys = 0;
    std::size_t bytes = 0;
  };

  // Takes in those of `held` that another node owns by `view`; the others stay where they are. Keys of a ring without
  // any member are counted as homeless and stay too. Answers what was taken in.
  Planned add(const RingView& view, std::vector<HeldKey> held);

  // Every key has been added: what is not yet full may go.
  void close();

  bool has_batch() const noexcept { return !ready_.empty(); }
  const Location& next_receiver() const { return ready_.front().to; }  // only when has_batch()
  MoveBatch take_batch();                                              // only when has_batch(); the oldest first

  std::size_t homeless() const noexcept { return homeless_; }

 private:
  void add_to(MoveBatch& open, HeldKey key);
  void finish(MoveBatch& open);

  const std::size_t batch_bytes_max_;
  std::map<Location, MoveBatch> open_;
  std::deque<MoveBatch> ready_;
  std::size_t homeless_ = 0;
};

}  // namespace p2p::diststore
