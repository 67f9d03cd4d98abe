// How long did the requests take? Counts durations in buckets no wider than 1/32 of their value, up to about a minute.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace p2p::load {

class Histogram final {
 public:
  void record(std::uint64_t nanoseconds) noexcept {
    ++counts_[bucket_of(nanoseconds)];
    ++total_;
    sum_ += nanoseconds;
    max_ = std::max(max_, nanoseconds);
  }

  void add(const Histogram& other) noexcept {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) counts_[bucket] += other.counts_[bucket];
    total_ += other.total_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
  }

  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t max() const noexcept { return max_; }  // exact; 0 when nothing was recorded
  double mean() const noexcept { return total_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(total_); }

  // The value below which `share` (0 to 1) of the recorded ones lie, never above max(); 0 when nothing was recorded.
  std::uint64_t quantile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t below = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      below += counts_[bucket];
      if (below > wanted || (below == total_ && total_ != 0)) return std::min(upper_bound_of(bucket), max_);
    }
    return 0;
  }

  // Coarse, for drawing: how many lie between each power of two and the one before, from the first non-empty one to the
  // last.
  struct Octave {
    std::uint64_t below_ns = 0;
    std::uint64_t count = 0;
  };
  std::vector<Octave> octaves() const {
    std::vector<Octave> found;
    std::uint64_t left = total_;
    for (std::size_t bucket = 0; bucket < counts_.size() && left != 0; ++bucket) {
      const std::uint64_t below = std::bit_ceil(upper_bound_of(bucket) + 1);
      if (found.empty() && counts_[bucket] == 0) continue;
      if (found.empty() || found.back().below_ns != below) found.push_back({below, 0});
      found.back().count += counts_[bucket];
      left -= counts_[bucket];
    }
    return found;
  }

 private:
  static constexpr unsigned kStepBits = 5;      // 32 buckets for each power of two: 3 % wide
  static constexpr unsigned kExponentMax = 36;  // 2^36 ns are 69 s; what takes longer counts as that
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;

  static std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < kSteps) return static_cast<std::size_t>(value);
    if (value >> kExponentMax != 0) value = (std::uint64_t{1} << kExponentMax) - 1;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kStepBits;
    return (shift + 1) * kSteps + static_cast<std::size_t>((value >> shift) - kSteps);
  }
  static std::uint64_t upper_bound_of(std::size_t bucket) noexcept {
    if (bucket < kSteps) return bucket;
    const std::size_t shift = bucket / kSteps - 1;
    return ((kSteps + bucket % kSteps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (kExponentMax - kStepBits + 1) * kSteps> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace p2p::load
