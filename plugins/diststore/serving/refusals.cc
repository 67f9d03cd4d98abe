#include "serving/refusals.h"

#include <p2p/units.h>

#include <fmt/format.h>

#include <utility>

namespace p2p::diststore {

wire::StoreError store_error(wire::StoreErrorKind::type kind, std::string message) {
  wire::StoreError error;
  error.kind = kind;
  error.message = std::move(message);
  return error;
}

wire::StoreError too_large(const StoreOptions& options, std::size_t key_bytes, std::size_t value_bytes) {
  const bool is_key = key_bytes > options.key_bytes_max;
  return store_error(wire::StoreErrorKind::too_large,
                     fmt::format("the {} has {} bytes, the limit {} is {}", is_key ? "key" : "value",
                                 is_key ? key_bytes : value_bytes, is_key ? "key_bytes_max" : "value_bytes_max",
                                 format_bytes(is_key ? options.key_bytes_max : options.value_bytes_max)));
}

wire::StoreError reserved() {
  return store_error(wire::StoreErrorKind::unsupported,
                     "keys that begin with the bytes 00 70 32 70 00 are reserved for what services keep in the store");
}

std::optional<wire::StoreError> refusal_of_count(const StoreOptions& options, std::size_t keys) {
  if (keys <= options.batch_keys_max) return std::nullopt;
  return store_error(
      wire::StoreErrorKind::too_many,
      fmt::format("the batch has {} keys, the limit is {} (batch_keys_max, or as many results as fit a reply within "
                  "[host] frame_bytes_max)",
                  keys, options.batch_keys_max));
}

}  // namespace p2p::diststore
