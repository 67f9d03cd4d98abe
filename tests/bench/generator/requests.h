// What is asked next? All requests of a run, encoded beforehand, so that encoding costs the generator nothing while it measures.
#pragma once

#include "generator/wire.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::bench {

enum class KeyOrder { sequential, random };

class Requests final {
 public:
  // One request for each of `key_count` keys of `key_bytes` bytes each.
  Requests(const Wire& wire, std::size_t key_count, std::size_t key_bytes, KeyOrder order) : order_(order) {
    ends_.reserve(key_count);
    for (std::size_t number = 0; number < key_count; ++number) {
      bytes_ += wire.request(key(number, key_bytes));
      ends_.push_back(bytes_.size());
    }
  }

  std::string_view next() noexcept {
    const std::size_t number = order_ == KeyOrder::sequential ? next_++ % ends_.size() : random() % ends_.size();
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(bytes_).substr(begin, ends_[number] - begin);
  }

  // "key:000000000042"
  static std::string key(std::size_t number, std::size_t key_bytes) {
    const std::string digits = std::to_string(number);
    std::string text = "key:";
    if (key_bytes > text.size() + digits.size()) text.append(key_bytes - text.size() - digits.size(), '0');
    return text + digits;
  }

 private:
  // xorshift64 (Marsaglia 2003): any order will do that no cache foresees, and every run has the same.
  std::uint64_t random() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  std::string bytes_;
  std::vector<std::size_t> ends_;
  const KeyOrder order_;
  std::size_t next_ = 0;
  std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

}  // namespace p2p::bench
