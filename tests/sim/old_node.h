// A node of the 2009 system by its own rules: a ring without incarnations, chains of adds and removes that are sent and
// forgotten, no comparisons. Pure: it is told what arrived, and says whom to call in turn.
#pragma once

#include <p2p/location.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::sim {

struct OldCall {
  enum class Method : std::uint8_t { get_all, join, add, remove };
  Method method = Method::get_all;
  Location location;                     // of all but get_all
  std::vector<std::string> authorities;  // of add and remove
};

class OldNode {
 public:
  struct Forward {
    Location to;
    OldCall call;
  };

  explicit OldNode(Location self) : self_(std::move(self)) { ring_[self_.name()] = self_; }

  void learn(const std::vector<Location>& members) {
    for (const Location& member : members) ring_[member.name()] = member;
  }

  // Executes it; what is passed on, to whom, if to anybody. Not for get_all, which members() answers.
  std::optional<Forward> handle(const OldCall& call) {
    using Method = OldCall::Method;
    const std::string name = call.location.name();
    if (call.method == Method::remove) ring_.erase(name);
    OldCall passed_on = call;
    if (call.method == Method::join) passed_on.method = Method::add;
    passed_on.authorities.push_back(self_.name());
    auto forward = next(std::move(passed_on));
    if (call.method != Method::remove) ring_[name] = call.location;
    return forward;
  }

  // Takes itself off the ring; whom to tell.
  std::optional<Forward> clean_up() { return handle({OldCall::Method::remove, self_, {}}); }

  // Nobody is there: it is removed, and the next one is tried.
  std::optional<Forward> not_reached(const Forward& forward) {
    ring_.erase(forward.to.name());
    return next(forward.call);
  }

  const std::map<std::string, Location>& ring() const { return ring_; }
  const Location& self() const { return self_; }

 private:
  // The first of the ring, by name, that is no authority: one that has joined already is told about itself.
  std::optional<Forward> next(OldCall call) const {
    for (const auto& [name, location] : ring_) {
      const auto& knowing = call.authorities;
      if (std::find(knowing.begin(), knowing.end(), name) != knowing.end()) continue;
      if (location != self_) return Forward{location, std::move(call)};
    }
    return std::nullopt;
  }

  Location self_;
  std::map<std::string, Location> ring_;  // by name
};

}  // namespace p2p::sim
