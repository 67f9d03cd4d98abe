#include <p2p/node_address.h>

#include <arpa/inet.h>

#include <charconv>

namespace p2p {
namespace {

Error not_an_address(std::string_view text, std::string_view why) {
  return Error{ErrorKind::invalid,
               "'" + std::string(text) + "' is not HOST:PORT (" + std::string(why) + "); write 127.0.0.1:9900"};
}

// With or without the name of an interface: "::1", "fe80::1%eth0".
bool is_v6_address(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
}

}  // namespace

Result<NodeAddress> parse_node_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_address(text, "no ':'");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!is_v6_address(host)) return not_an_address(text, "what stands in brackets is no IPv6 address");
  } else if (host.find(':') != std::string_view::npos) {
    return not_an_address(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return not_an_address(text, "no host");
  if (host.find_first_of(" \t/") != std::string_view::npos)
    return not_an_address(text, "a host has no spaces or slashes");
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failure != std::errc{} || end != digits.data() + digits.size() || digits.empty()) {
    return not_an_address(text, "the port is a number from 0 to 65535");
  }
  return NodeAddress{std::string(host), port};
}

const char* to_text(ErrorKind kind) noexcept {
  // In the order of ErrorKind.
  static constexpr const char* kWords[] = {"refused",     "timed out",      "closed",      "protocol error",
                                           "overloaded",  "cancelled",      "not found",   "invalid",
                                           "unsupported", "internal error", "unreachable", "failure of this machine",
                                           "silent",      "another node"};
  static_assert(std::size(kWords) == static_cast<std::size_t>(ErrorKind::wrong_node) + 1);
  return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace p2p
