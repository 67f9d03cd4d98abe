// How long did the requests take? Counts durations in buckets no wider than 1/32 of their value, up to about a minute.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace p2p::bench {

class Histogram final {
 public:
  void record(std::uint64_t nanoseconds) noexcept {
    ++counts_[bucket_of(nanoseconds)];
    ++total_;
  }

  std::uint64_t total() const noexcept { return total_; }

  // The value below which `share` (0 to 1) of the recorded ones lie; 0 when nothing was recorded.
  std::uint64_t quantile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t below = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      below += counts_[bucket];
      if (below > wanted || (below == total_ && total_ != 0)) return upper_bound_of(bucket);
    }
    return 0;
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
};

}  // namespace p2p::bench
