// Where is a node? An address and a port, and the one text form of both. No text of an address is made or taken apart
// elsewhere.
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

  // The text form, which parse_location() reads back: "host:port", "1.2.3.4:port", and "[v6]:port" for an IPv6 address.
  std::string name() const {
    return is_v6() ? '[' + address + "]:" + std::to_string(port) : address + ':' + std::to_string(port);
  }

  // What the 2009 system calls a node, which knows no brackets: what its ring hashes and sorts by. Never parsed, and
  // never shown to people.
  std::string classic_name() const { return address + ':' + std::to_string(port); }

  bool is_v6() const noexcept { return address.find(':') != std::string::npos; }
  bool empty() const noexcept { return address.empty() && port == 0; }

  friend bool operator==(const Location&, const Location&) = default;
  friend auto operator<=>(const Location&, const Location&) = default;
};

// Reads what Location::name() writes; port 0 is allowed. What stands in brackets must be an IPv6 address. [any thread]
P2P_API Result<Location> parse_location(std::string_view text);

}  // namespace p2p

template <>
struct std::hash<p2p::Location> {
  std::size_t operator()(const p2p::Location& at) const noexcept {
    return std::hash<std::string>{}(at.address) * 31 + at.port;
  }
};
