// In which order are keys requested when the order is random?
#pragma once

#include <cstdint>

namespace p2p::load {

// xorshift64 (Marsaglia 2003): any order that no cache predicts will do, and every run uses the same.
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
