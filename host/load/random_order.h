// In which order are keys asked for when the order is by chance?
#pragma once

#include <cstdint>

namespace p2p::load {

// xorshift64 (Marsaglia 2003): any order will do that no cache foresees, and every run has the same.
class RandomOrder final {
 public:
  std::uint64_t next() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

}  // namespace p2p::load
