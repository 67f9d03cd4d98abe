#include "text/address_kind.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace p2p::host {
namespace {

// 16 bytes in the order of the network; IPv4 as ::ffff:a.b.c.d.
using Bytes = std::array<std::uint8_t, 16>;

constexpr std::size_t kV4Begin = 12;

std::optional<Bytes> numeric(const std::string& text) {
  Bytes bytes{};
  in_addr v4{};
  if (::inet_aton(text.c_str(), &v4) != 0) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + kV4Begin, &v4, sizeof v4);
    return bytes;
  }
  const std::string without_interface = text.substr(0, text.find('%'));
  if (::inet_pton(AF_INET6, without_interface.c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

bool is_v4(const Bytes& bytes) {
  return bytes[10] == 0xff && bytes[11] == 0xff &&
         std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; });
}

bool is_v4_of(const Bytes& bytes, std::uint8_t byte) {
  return is_v4(bytes) && std::all_of(bytes.begin() + kV4Begin, bytes.end(), [byte](auto one) { return one == byte; });
}

}  // namespace

bool is_loopback(const std::string& address) {
  if (address == "localhost") return true;
  const auto bytes = numeric(address);
  if (!bytes) return false;
  constexpr Bytes kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return *bytes == kLoopback || (is_v4(*bytes) && (*bytes)[kV4Begin] == 127);
}

bool is_every_address(const std::string& address) {
  const auto bytes = numeric(address);
  return bytes && (*bytes == Bytes{} || is_v4_of(*bytes, 0));
}

bool is_link_local(const std::string& address) {
  const auto bytes = numeric(address);
  return bytes && (*bytes)[0] == 0xfe && ((*bytes)[1] & 0xc0) == 0x80;
}

bool is_of_many(const std::string& address) {
  const auto bytes = numeric(address);
  if (!bytes) return false;
  if (!is_v4(*bytes)) return (*bytes)[0] == 0xff;
  return (*bytes)[kV4Begin] >> 4 == 14 || is_v4_of(*bytes, 0xff);
}

}  // namespace p2p::host
