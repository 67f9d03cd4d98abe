// Who owns what? The two words that every way of placing keys shares: a Placement is the rule, a Ring is the rule
// applied to one set of members. Who the members are is the locator's to know. Pure: no clock, no threads; used by the
// locator's shell and by clients that call a key's owner directly.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::placement {

// Keys of one fixed set of members; never changes. Members are named by their index in the sorted names it was built
// of. Every method: [any thread].
class Ring {
 public:
  virtual ~Ring() = default;

  // The owner of `key`; only when there is a member.
  virtual std::size_t owner_of(std::string_view key) const = 0;

  // Up to `count` different members, the owner first, in the order in which they would take over.
  virtual std::vector<std::size_t> owners_of(std::string_view key, std::size_t count) const = 0;
};

class Placement {
 public:
  virtual ~Placement() = default;

  // Name and parameters: two nodes whose placements differ in this must not share a network. [any thread]
  virtual std::string name() const = 0;

  // The ring of `sorted_names`, which hold no name twice. Equal on every node for equal names. [any thread]
  virtual std::unique_ptr<const Ring> build(const std::vector<std::string>& sorted_names) const = 0;
};

// The placement whose name() this is, parameters included; null when we know none. [any thread]
std::unique_ptr<const Placement> placement_named(std::string_view name);

}  // namespace p2p::placement
