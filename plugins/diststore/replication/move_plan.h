// Which of the keys this node holds belong to another node, and in which portions do they travel there? Pure: told what
// is held, asked for batches. When to look and how to send is moving/mover.h's business.
#pragma once

#include "replication/version.h"

#include <p2p/locator.h>

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace p2p::diststore {

// What a scan tells of one key.
struct HeldKey {
  std::string key;
  Version version;
  std::size_t bytes = 0;  // of key and value
};

struct MoveBatch {
  Location to;
  std::vector<HeldKey> keys;  // never empty
  std::size_t bytes = 0;
};

// Bounds the work that one batch causes on the receiver's I/O thread: 1000 merges take well under a millisecond.
inline constexpr std::size_t kBatchKeysMax = 1000;

class MovePlan final {
 public:
  // A batch ends before the key that would take it over `batch_bytes_max`; a key larger than that travels alone.
  explicit MovePlan(std::size_t batch_bytes_max) : batch_bytes_max_(batch_bytes_max) {}

  // Takes in those of `held` that another node owns by `view`; the others stay where they are. Keys of a ring without
  // any member are counted as homeless and stay too. Keys of an owner that is to be avoided go to the one that would
  // take over from it, as long as there is one.
  void add(const RingView& view, std::vector<HeldKey> held, const std::set<Location>& avoided = {});

  // Every key has been added: what is not yet full may go.
  void close();

  bool has_batch() const noexcept { return !ready_.empty(); }
  MoveBatch take_batch();  // only when has_batch(); the oldest first

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
