// Where is a node? An address and a port, and the one text form of both. Addresses are formatted and parsed nowhere
// else.
#pragma once

#include <p2p/result.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace p2p {

struct NodeAddress {
  std::string host;  // an IP address or a host name, as the node advertises it
  std::uint16_t port = 0;

  // The text form, which parse_node_address() reads back: "host:port", "1.2.3.4:port", and "[v6]:port" for an IPv6
  // address.
  std::string name() const {
    return is_v6() ? '[' + host + "]:" + std::to_string(port) : host + ':' + std::to_string(port);
  }

  // The 2009 system's name for a node, without brackets: what its ring hashes and sorts by. Never parsed, and never
  // shown to people.
  std::string classic_name() const { return host + ':' + std::to_string(port); }

  bool is_v6() const noexcept { return host.find(':') != std::string::npos; }
  bool empty() const noexcept { return host.empty() && port == 0; }

  friend bool operator==(const NodeAddress&, const NodeAddress&) = default;
  friend auto operator<=>(const NodeAddress&, const NodeAddress&) = default;
};

// Parses what NodeAddress::name() writes; port 0 is allowed. Brackets must hold an IPv6 address. [any thread]
P2P_API Result<NodeAddress> parse_node_address(std::string_view text);

}  // namespace p2p

template <>
struct std::hash<p2p::NodeAddress> {
  std::size_t operator()(const p2p::NodeAddress& at) const noexcept {
    return std::hash<std::string>{}(at.host) * 31 + at.port;
  }
};
