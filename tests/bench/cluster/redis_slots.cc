#include "cluster/redis_slots.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <stdexcept>
#include <string>

namespace p2p::bench {
namespace {

constexpr std::uint16_t kPolynomial = 0x1021;  // CCITT, most significant bit first, from 0: XMODEM
constexpr std::size_t kMastersMax = 255;       // as an index in one byte, of which one means nobody
constexpr std::uint8_t kNobody = 255;

constexpr std::array<std::uint16_t, 256> make_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned rest = byte << 8;
    for (int bit = 0; bit < 8; ++bit) rest = (rest & 0x8000) != 0 ? rest << 1 ^ kPolynomial : rest << 1;
    table[byte] = static_cast<std::uint16_t>(rest);
  }
  return table;
}
constexpr auto kTable = make_table();

unsigned number_of(std::string_view digits) {
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || end != digits.data() + digits.size()) {
    throw std::runtime_error(fmt::format("CLUSTER NODES tells '{}' where a number is due", digits));
  }
  return number;
}

// "7" or "0-5460".
void give(RedisSlots& slots, std::string_view range, std::uint8_t to) {
  const auto dash = range.find('-');
  const unsigned first = number_of(range.substr(0, dash));
  const unsigned last = dash == std::string_view::npos ? first : number_of(range.substr(dash + 1));
  if (first > last || last >= kRedisSlots) throw std::runtime_error(fmt::format("no range of slots: '{}'", range));
  for (unsigned slot = first; slot <= last; ++slot) slots.owner[slot] = to;
}

// "127.0.0.1:30001@31001,hostname"; of the one that was asked perhaps ":30001@31001".
NodeAddress address_of(std::string_view address, const NodeAddress& asked) {
  const std::string_view name = address.substr(0, address.find('@'));
  const auto colon = name.rfind(':');
  if (colon == std::string_view::npos) throw std::runtime_error(fmt::format("no address: '{}'", address));
  const std::string host(colon == 0 ? asked.host : name.substr(0, colon));
  return {host, static_cast<std::uint16_t>(number_of(name.substr(colon + 1)))};
}

}  // namespace

std::uint16_t redis_slot_of(std::string_view key) noexcept {
  std::uint16_t rest = 0;
  for (const char letter : key) {
    rest = static_cast<std::uint16_t>(rest << 8 ^ kTable[(rest >> 8 ^ static_cast<unsigned char>(letter)) & 0xFF]);
  }
  return rest % kRedisSlots;
}

RedisSlots parse_cluster_nodes(std::string_view text, const NodeAddress& asked) {
  RedisSlots slots;
  slots.owner.fill(kNobody);
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, address, flags, master, ping, pong, epoch, link;
    words >> id >> address >> flags >> master >> ping >> pong >> epoch >> link;
    if (flags.find("master") == std::string::npos) continue;
    if (slots.masters.size() == kMastersMax) throw std::runtime_error("more masters than a byte can count");
    const auto index = static_cast<std::uint8_t>(slots.masters.size());
    slots.masters.push_back(address_of(address, asked));
    for (std::string range; words >> range;) {
      if (!range.starts_with('[')) give(slots, range, index);  // [...]: on its way from or to another
    }
  }
  for (std::size_t slot = 0; slot < kRedisSlots; ++slot) {
    if (slots.owner[slot] == kNobody) throw std::runtime_error(fmt::format("nobody owns slot {}", slot));
  }
  return slots;
}

}  // namespace p2p::bench
