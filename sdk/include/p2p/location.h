// Where is a node? An address and a port; its name, "address:port", is what the classic ring hashes.
#pragma once

#include <p2p/result.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace p2p {

struct Location {
  std::string address;  // an IP address or a host name, as the node advertises it
  std::uint16_t port = 0;

  std::string name() const { return address + ':' + std::to_string(port); }
  bool empty() const noexcept { return address.empty() && port == 0; }

  friend bool operator==(const Location&, const Location&) = default;
  friend auto operator<=>(const Location&, const Location&) = default;
};

// Reads "host:port", "1.2.3.4:port" or "[v6]:port"; port 0 is allowed. [any thread]
P2P_API Result<Location> parse_location(std::string_view text);

}  // namespace p2p

template <>
struct std::hash<p2p::Location> {
  std::size_t operator()(const p2p::Location& at) const noexcept {
    return std::hash<std::string>{}(at.address) * 31 + at.port;
  }
};
