// Is this still the process that made the client? A forked child has the client's memory, its mutexes as other threads
// happened to hold them, and none of its threads.
#pragma once

#include <cstdint>

namespace p2p::client {

class ForkWatch final {
 public:
  ForkWatch();
  bool is_in_child() const noexcept;  // [any thread]

 private:
  std::uint32_t made_in_;
};

}  // namespace p2p::client
