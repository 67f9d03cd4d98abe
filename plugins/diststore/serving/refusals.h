// What may a client not ask for? Checked before anything is done, so that what is refused has changed nothing.
#pragma once

#include "engine/space_key.h"
#include "serving/store_options.h"

#include <diststore_types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::diststore {

namespace wire = ::diststore;

wire::StoreError store_error(wire::StoreErrorKind::type kind, std::string message);

wire::StoreError too_large(const StoreOptions& options, std::size_t key_bytes, std::size_t value_bytes);

wire::StoreError reserved();

// Why a client may not ask for this key at all.
inline std::optional<wire::StoreError> refusal_of_key(const StoreOptions& options, std::string_view key) {
  if (!options.reserves_keys || !is_reserved(key)) return std::nullopt;
  return reserved();
}

// Why a client may not store this key and value; nothing if it may. An entry handed over by another node may be larger,
// and is read, erased and handed over like any other.
inline std::optional<wire::StoreError> refusal_of_entry(const StoreOptions& options, std::string_view key,
                                                        std::string_view value) {
  if (key.size() <= options.key_bytes_max && value.size() <= options.value_bytes_max) {
    return refusal_of_key(options, key);
  }
  return too_large(options, key.size(), value.size());
}

inline constexpr const char* kErasedForEver = "an erase takes no ttl_ms: only what is written expires";

std::optional<wire::StoreError> refusal_of_count(const StoreOptions& options, std::size_t keys);

}  // namespace p2p::diststore
