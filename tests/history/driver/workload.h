// What does a client ask next? Chance by a seed: half reads, a third writes, the rest erases, now and then as a batch.
// Of ten keys one is never erased, and one is left alone: it exists throughout.
#pragma once

#include "driver/request.h"

#include <cstdint>
#include <random>

namespace p2p::history {

class Workload final {
 public:
  // `client` signs its values; `keys` is a multiple of ten.
  Workload(std::uint64_t seed, std::uint16_t client, std::uint32_t keys);

  Request next();
  std::uint64_t draw(std::uint64_t below);

  // A write of these keys with values that were never used.
  Request write_of(std::vector<KeyNumber> keys, Form form);

 private:
  Kind draw_kind();
  KeyNumber draw_key(Kind kind);
  std::vector<KeyNumber> draw_keys(Kind kind, std::size_t count);

  std::mt19937_64 random_;
  const std::uint16_t client_;
  const std::uint32_t keys_;
  std::uint32_t values_written_ = 0;
};

}  // namespace p2p::history
