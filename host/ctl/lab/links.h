// Links that can be cut: each node in a network of its own on a bridge, in a network that is the lab's own and ends
// with it. Without cuts nodes are on the machine's loopback, and nothing of this is used.
#pragma once

#include <p2p/result.h>

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace p2p::ctl::lab {

class Links final {
 public:
  // Why links cannot be cut here; "" where they can.
  static std::string refusal();

  // Puts this process into a network of its own. [before any thread or child]
  Result<Done> open();
  bool is_open() const noexcept { return is_open_; }

  static std::string address_of(std::uint32_t node);
  // The child is in a network of its own; from now on it reaches the others as `node`.
  Result<Done> connect(std::uint32_t node, pid_t child);
  Result<Done> set(std::uint32_t node, bool is_whole);

 private:
  bool is_open_ = false;
  std::uint32_t made_ = 0;
  std::map<std::uint32_t, std::string> names_;  // of the link of each node
};

}  // namespace p2p::ctl::lab
