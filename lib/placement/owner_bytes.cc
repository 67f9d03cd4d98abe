#include "placement/owner_bytes.h"

namespace p2p::placement {
namespace {

constexpr std::size_t kNumberBytes = 2;

void append_number(std::string& bytes, std::uint32_t number) {
  bytes += static_cast<char>(number >> 8 & 0xff);
  bytes += static_cast<char>(number & 0xff);
}

MemberIndex number_at(std::string_view bytes, std::size_t at) {
  const auto high = static_cast<unsigned char>(bytes[at]);
  const auto low = static_cast<unsigned char>(bytes[at + 1]);
  return static_cast<MemberIndex>(high << 8 | low);
}

bool is_owner(MemberIndex index, std::size_t nodes) { return index == kNobody || index < nodes; }

}  // namespace

std::string bytes_of_owners(const Owners& owners) {
  std::string bytes;
  bytes.reserve(owners.size() * kNumberBytes);
  for (const MemberIndex owner : owners) append_number(bytes, owner);
  return bytes;
}

std::optional<Owners> owners_in(std::string_view bytes, std::uint32_t partitions, std::size_t nodes) {
  if (bytes.size() != partitions * kNumberBytes) return std::nullopt;
  Owners owners;
  owners.reserve(partitions);
  for (std::size_t at = 0; at < bytes.size(); at += kNumberBytes) owners.push_back(number_at(bytes, at));
  if (!std::ranges::all_of(owners, [&](MemberIndex owner) { return is_owner(owner, nodes); })) return std::nullopt;
  return owners;
}

void append_move(std::string& bytes, std::uint32_t partition, MemberIndex owner) {
  append_number(bytes, partition);
  append_number(bytes, owner);
}

bool apply_moves(std::string_view bytes, std::size_t nodes, Owners& owners) {
  if (bytes.size() % (2 * kNumberBytes) != 0) return false;
  for (std::size_t at = 0; at < bytes.size(); at += 2 * kNumberBytes) {
    const std::size_t partition = number_at(bytes, at);
    const MemberIndex owner = number_at(bytes, at + kNumberBytes);
    if (partition >= owners.size() || !is_owner(owner, nodes)) return false;
    owners[partition] = owner;
  }
  return true;
}

}  // namespace p2p::placement
