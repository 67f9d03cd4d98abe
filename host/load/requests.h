// What is the next request? The requests of a run, encoded in advance if they fit, so that encoding costs the generator
// nothing while it measures.
#pragma once

#include "load/wire.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace p2p::load {

enum class KeyOrder { sequential, random };

// Keys by number: `count` from `first` on, or the `chosen` ones if there are any.
struct KeyRange {
  std::uint64_t first = 0;
  std::size_t count = 100'000;
  std::vector<std::uint64_t> chosen;

  std::size_t size() const noexcept { return chosen.empty() ? count : chosen.size(); }
  std::uint64_t at(std::size_t index) const noexcept { return chosen.empty() ? first + index : chosen[index]; }
};

// What was asked, to judge the reply by.
struct Asked {
  const Wire* wire = nullptr;
  std::uint64_t number = 0;
};

class Requests final {
 public:
  // For each key a request of each of `wires`, which outlive this. In random order the wire is random too; in
  // sequential order the first wire requests each key once, then the second. Neither list is empty.
  Requests(std::vector<const Wire*> wires, KeyRange keys, KeyOrder order);

  // Appends the next request to `into`.
  Asked next(std::string& into);

 private:
  // Encoded in advance up to this size; larger requests are encoded when their turn comes, which costs little compared
  // to sending them.
  static constexpr std::size_t kEncodedBytesMax = 256 * 1024 * 1024;

  void encode_all();

  const std::vector<const Wire*> wires_;
  const KeyRange keys_;
  const KeyOrder order_;
  std::string bytes_;              // empty: nothing is encoded in advance
  std::vector<std::size_t> ends_;  // in bytes_: those of the first wire, in the order of the keys, then the second's
  std::size_t next_ = 0;
  std::mt19937_64 random_;  // any order that no cache predicts will do, and every run uses the same
};

}  // namespace p2p::load
