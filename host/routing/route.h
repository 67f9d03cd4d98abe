// Which node runs a call of a service that is sharded by its configuration? `[services.NAME.route]` as plain values:
// for each method the field that holds its key, or that it has none. Read by config/check_route.h, obeyed by
// routing/call_routing.h.
#pragma once

#include <p2p/field_reader.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace p2p::host {

// Where the key stands: field ids from the arguments inwards. "1.3" is field 3 of the struct in field 1.
struct KeyPath {
  // Structs within structs; deeper ones are a sign that the wrong thing is the key. Also how deep a key is looked for.
  static constexpr std::size_t kDepthMax = 8;

  std::array<std::int16_t, kDepthMax> ids{};
  std::size_t depth = 0;
  // Of the key itself, as the plugin's IDL declares it; stop: nobody has said. Generated readers take a field of another
  // kind for one that is not there.
  FieldKind kind = FieldKind::stop;

  std::string text() const;
  friend bool operator==(const KeyPath&, const KeyPath&) = default;
};

enum class Fate : std::uint8_t {
  by_key,   // on the node that owns the key
  here,     // on the node that was asked
  refused,  // nowhere
};

struct MethodRoute {
  Fate fate = Fate::refused;
  KeyPath key;                 // by_key
  bool is_repeatable = false;  // executing it twice does no harm: it is tried again when its outcome is not known

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

// Those of locator.Base, which speak of one node and run on the node that was asked; a route cannot list them.
bool is_base_method(std::string_view method) noexcept;

// Those of locator.Locator on top.
bool is_locator_method(std::string_view method) noexcept;

// What to do with a call of `method`. `is_locator`: the service extends locator.Locator, whose methods too speak of one
// node, unless the route lists them. The reference lives as long as the route. [any thread]
const MethodRoute& route_of(const Route& route, std::string_view method, bool is_locator) noexcept;

}  // namespace p2p::host
