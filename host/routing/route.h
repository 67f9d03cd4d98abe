// Which node runs a call of a service that is sharded by its configuration? `[services.NAME.route]` as plain values:
// for each method the field that holds its key, or that it has none. Read by config/check_route.h, applied by
// peers/call_routing.h.
#pragma once

#include <p2p/field_reader.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace p2p::host {

// Where the key is: field ids from the arguments inwards. "1.3" is field 3 of the struct in field 1.
struct KeyPath {
  // Structs within structs; a deeper path suggests that the wrong field is the key. Also limits the search.
  static constexpr std::size_t kDepthMax = 8;

  std::array<std::int16_t, kDepthMax> ids{};
  std::size_t depth = 0;
  // Of the key itself, as the plugin's IDL declares it; stop: not declared. Generated readers treat a field of another
  // kind as missing.
  FieldKind kind = FieldKind::stop;

  std::string text() const;
  friend bool operator==(const KeyPath&, const KeyPath&) = default;
};

enum class Destination : std::uint8_t {
  by_key,   // on the node that owns the key
  here,     // on the node that was asked
  refused,  // nowhere
};

struct MethodRoute {
  Destination destination = Destination::refused;
  KeyPath key;                 // by_key
  bool is_repeatable = false;  // executing it twice does no harm: it is retried when its outcome is unknown

  std::string text() const;  // as in a TOML file
  friend bool operator==(const MethodRoute&, const MethodRoute&) = default;
};

// The key of a route that stands for every method it does not list. No method of an IDL can have that name.
inline constexpr std::string_view kOtherMethods = "*";

struct Route {
  std::map<std::string, MethodRoute, std::less<>> methods;
  MethodRoute others;

  friend bool operator==(const Route&, const Route&) = default;
};

// Methods of locator.Base, which are about one node and run on the node that was asked; a route cannot list them.
bool is_base_method(std::string_view method) noexcept;

// Also those of locator.Locator.
bool is_locator_method(std::string_view method) noexcept;

// What to do with a call of `method`. `is_locator`: the service extends locator.Locator, whose methods are about one
// node, too, unless the route lists them. The reference lives as long as the route. [any thread]
const MethodRoute& route_of(const Route& route, std::string_view method, bool is_locator) noexcept;

}  // namespace p2p::host
