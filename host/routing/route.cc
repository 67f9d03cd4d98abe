#include "routing/route.h"

#include <algorithm>

namespace p2p::host {
namespace {

constexpr std::array<std::string_view, 5> kBaseMethods = {"ping", "service_type", "service_types", "debug", "die"};
constexpr std::array<std::string_view, 5> kLocatorMethods = {"join", "remove", "add", "get_all", "get_node"};

template <class Names>
bool lists(const Names& names, std::string_view name) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string KeyPath::text() const {
  std::string out;
  for (std::size_t level = 0; level < depth; ++level) out += (level == 0 ? "" : ".") + std::to_string(ids[level]);
  return out;
}

std::string MethodRoute::text() const {
  if (destination == Destination::here) return "\"here\"";
  if (destination == Destination::refused) return "\"refused\"";
  const std::string path = key.depth == 1 ? key.text() : '"' + key.text() + '"';
  return is_repeatable ? "{ key = " + path + ", repeatable = true }" : path;
}

bool is_base_method(std::string_view method) noexcept { return lists(kBaseMethods, method); }

bool is_locator_method(std::string_view method) noexcept { return lists(kLocatorMethods, method); }

const MethodRoute& route_of(const Route& route, std::string_view method, bool is_locator) noexcept {
  static constexpr MethodRoute kHere{Destination::here, {}, false};
  const auto listed = route.methods.find(method);
  if (listed != route.methods.end()) return listed->second;
  if (is_base_method(method) || (is_locator && is_locator_method(method))) return kHere;
  return route.others;
}

}  // namespace p2p::host
