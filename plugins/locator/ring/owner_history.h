// What do clients that know an earlier view lack? The newest view of partitions as clients are told it, and what the
// steps before it changed. A pure core; whoever has it keeps threads apart.
#pragma once

#include "placement/owner_bytes.h"

#include <p2p/locator.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ring {

// An epoch lasts 20 ms or more: clients that make calls learn of each within a few; the others get the whole state. A
// step seldom moves more than some partitions, and at most 8 KiB of numbers.
inline constexpr std::size_t kStepsKept = 128;

class OwnerHistory final {
 public:
  struct State {
    std::uint64_t epoch = 0;
    std::uint64_t fingerprint = 0;
    std::vector<NodeAddress> members;
    std::vector<NodeAddress> leaving;
    placement::Owners owners;  // indexes into members and, counted on, leaving

    std::uint32_t partitions() const noexcept { return static_cast<std::uint32_t>(owners.size()); }
  };
  struct Delta {
    bool has_new_members = false;  // or leaving ones
    std::string moved;             // as RingDelta.moved of idl/locator.thrift
  };

  // The newest view, with partitions; the one before changes nothing. Where epochs do not rise, as in another network,
  // a new history begins.
  void add(const RingView& view);

  const State& newest() const noexcept { return newest_; }  // empty before the first add()

  // What leads from that state to the newest; nothing if it is not known, or not shorter than the whole.
  std::optional<Delta> since(std::uint64_t epoch, std::uint64_t fingerprint) const;

 private:
  // How a state followed from the one before it.
  struct Step {
    std::uint64_t epoch = 0;
    std::uint64_t fingerprint = 0;
    bool has_new_members = false;
    std::vector<std::uint16_t> moved;  // partitions
  };
  static Step step_between(const State& before, const State& after);

  State newest_;
  std::deque<Step> steps_;  // the last one led to newest_
};

}  // namespace p2p::ring
