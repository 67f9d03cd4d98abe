// Which node owns a key on the 2009 system's ring? Its rules bit for bit, including its bug in spreading the points, so
// that our nodes and its nodes agree about every key.
#pragma once

#include "placement/placement.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::placement {

// Each node has this many labels, "<name>-0" to "<name>-29", and each label this many points (rule of the 2009 ring).
inline constexpr int kLabelsPerNode = 30;
inline constexpr int kPointsPerLabel = 4;

// A key's position on the ring. A key of 32 hex digits counts as an MD5 digest and is not hashed again. [any thread]
std::uint32_t classic_position(std::string_view key) noexcept;

// A sorted vector of points; see Ring for the contract.
class ClassicRing final : public Ring {
 public:
  explicit ClassicRing(const std::vector<std::string>& sorted_names);

  std::size_t owner_of(std::string_view key) const override;
  std::vector<std::size_t> owners_of(std::string_view key, std::size_t count) const override;

  // Ascending, each position once. For tests and for drawing the ring.
  const std::vector<std::uint64_t>& positions() const noexcept { return positions_; }
  std::size_t owner_at(std::size_t point) const noexcept { return owners_[point]; }

 private:
  void add_points(const std::vector<std::string>& sorted_names);
  void index_buckets();
  std::size_t point_after(std::uint32_t position) const noexcept;

  std::size_t members_;
  std::vector<std::uint64_t> positions_;
  std::vector<std::uint32_t> owners_;  // of the point with the same index

  // Key positions are divided into 2^k equal buckets, about one per point: where the search for keys of each bucket
  // starts.
  std::vector<std::uint32_t> first_in_bucket_;
  int bucket_shift_ = 32;
};

class ClassicPlacement final : public Placement {
 public:
  std::string name() const override { return "classic"; }
  std::unique_ptr<const Ring> build(const std::vector<std::string>& sorted_names) const override {
    return std::make_unique<ClassicRing>(sorted_names);
  }
};

}  // namespace p2p::placement
