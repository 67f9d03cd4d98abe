// Who owns what? A Placement is a rule for placing keys, a Ring is the rule applied to one set of members. The locator
// knows the members. Pure: no clock, no threads; used by the locator's shell and by clients that call a key's owner
// directly.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::placement {

// Key ownership for one fixed set of members; immutable. Members are identified by their index in the sorted names that
// it was built from. Every method: [any thread].
class Ring {
 public:
  virtual ~Ring() = default;

  // The owner of `key`; requires at least one member.
  virtual std::size_t owner_of(std::string_view key) const = 0;

  // Up to `count` different members, the owner first, in the order in which they would take over.
  virtual std::vector<std::size_t> owners_of(std::string_view key, std::size_t count) const = 0;
};

class Placement {
 public:
  virtual ~Placement() = default;

  // Name and parameters: two nodes whose placements differ in this must not share a network. [any thread]
  virtual std::string name() const = 0;

  // The ring of `sorted_names`, which are unique. Equal on every node for equal names. [any thread]
  virtual std::unique_ptr<const Ring> build(const std::vector<std::string>& sorted_names) const = 0;
};

// The placement whose name() this is, parameters included; null when we know none. [any thread]
std::unique_ptr<const Placement> placement_named(std::string_view name);

}  // namespace p2p::placement
