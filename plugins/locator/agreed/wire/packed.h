// How are many small numbers written in few bytes? As varints, one after the other: the lowest seven bits first, with
// the highest bit set in all bytes but the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::cluster::wire {

class Packer final {
 public:
  void number(std::uint64_t value);
  std::string take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Foreign bytes; what makes no sense throws Malformed.
class Unpacker final {
 public:
  // `bytes` outlive this.
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const noexcept { return rest_.empty(); }
  std::uint64_t number(std::uint64_t max);

 private:
  std::string_view rest_;
};

}  // namespace p2p::cluster::wire
