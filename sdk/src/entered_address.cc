#include <p2p/entered_address.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

namespace p2p {
namespace {

std::string text_of(int family, const void* bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family, bytes, text, sizeof text);
  return text;
}

std::string respelled(const std::string& address) {
  const std::size_t scope = std::min(address.find('%'), address.size());
  in6_addr v6{};
  if (::inet_pton(AF_INET6, address.substr(0, scope).c_str(), &v6) == 1) {
    constexpr std::size_t kMappedAt = 12;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return text_of(AF_INET, v6.s6_addr + kMappedAt);
    return text_of(AF_INET6, &v6) + address.substr(scope);
  }
  in_addr v4{};  // the forms that the resolver takes for numbers
  return ::inet_aton(address.c_str(), &v4) == 1 ? text_of(AF_INET, &v4) : address;
}

}  // namespace

Result<NodeAddress> entered_address(std::string_view text) {
  auto address = parse_node_address(text);
  if (address.ok()) address.value().host = respelled(address.value().host);
  return address;
}

}  // namespace p2p
