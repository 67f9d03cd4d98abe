// Under which key is the state of a service (<p2p/store.h>) stored? Such keys have a form of their own, which clients
// may not use: kReservedPrefix, 's', the length of the space's name as one byte, the name, the route key. They are
// placed by the route key alone. Nodes must agree about every byte (docs/decisions/0038).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace p2p::diststore {

// Of all keys that are not clients', also of forms that a later version has.
inline constexpr std::string_view kReservedPrefix{"\0p2p\0", 5};
inline constexpr char kSpaceForm = 's';

inline bool is_reserved(std::string_view key) noexcept {
  return !key.empty() && key.front() == kReservedPrefix.front() && key.starts_with(kReservedPrefix);
}

struct SpaceKey {
  std::string_view space;
  std::string_view route_key;
};

// What a stored key says; views into it. Nothing: it is not of this form.
inline std::optional<SpaceKey> space_key_of(std::string_view key) noexcept {
  constexpr std::size_t kHead = kReservedPrefix.size() + 2;
  if (!is_reserved(key) || key.size() < kHead || key[kHead - 2] != kSpaceForm) return std::nullopt;
  const std::size_t name_bytes = static_cast<unsigned char>(key[kHead - 1]);
  if (name_bytes == 0 || key.size() - kHead < name_bytes) return std::nullopt;
  return SpaceKey{key.substr(kHead, name_bytes), key.substr(kHead + name_bytes)};
}

// The name has 1 to 255 bytes.
inline std::string stored_key_of(const SpaceKey& key) {
  std::string stored(kReservedPrefix);
  stored += kSpaceForm;
  stored += static_cast<char>(static_cast<unsigned char>(key.space.size()));
  return stored.append(key.space).append(key.route_key);
}

// What decides a key's partition: the route key, or all of it.
inline std::string_view placed_by(std::string_view key) noexcept {
  if (!is_reserved(key)) return key;
  const auto of_a_space = space_key_of(key);
  return of_a_space ? of_a_space->route_key : key;
}

}  // namespace p2p::diststore
