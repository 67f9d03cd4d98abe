// What runs in a LocatorWorld, and what each of its files needs to know of it. Not for tests.
#pragma once

#include "locator_world.h"

#include <utility>

namespace p2p::sim {

inline constexpr Duration kCallTimeout = std::chrono::seconds(1);
inline constexpr Duration kAnswerTimeout = std::chrono::seconds(2);  // of a join

inline NodeAddress address(int port) {
  const bool is_alone = port >= kPortsOfMachines;
  return {is_alone ? "10.0.0." + std::to_string(port - kPortsOfMachines) : "127.0.0.1",
          static_cast<std::uint16_t>(port)};
}

struct LocatorWorld::Locator final : Process {
  Locator(int on, std::int64_t incarnation, discovery::Options options)
      : Process(on),
        core({address(on), incarnation, classic::MemberState::alive}, classic::ClassicOptions{}),
        discovery(std::move(options)) {}

  bool is_leaving = false;
  bool has_withdrawn = false;
  bool awaits_farewell = false;  // said, and not yet told
  bool has_joined = false;
  classic::ClassicMembership core;
  discovery::Discovery discovery;
  TimePoint alarm = TimePoint::max();

  // Of others than itself, by what its layers saw.
  std::set<std::string> ring;
  std::set<std::string> leaving;
  std::map<std::string, std::int64_t> added_life;  // the latest incarnation that its add layers saw
};

struct LocatorWorld::Old final : Process {
  explicit Old(int on) : Process(on), node(address(on)) {}
  OldNode node;
  bool hands_over = false;  // has told that it leaves, and answers nobody until it has ended
};

// What the wire makes of a core's message to a node of the 2009 system.
inline OldCall in_old_form(const classic::Message& message) {
  const auto* news = std::get_if<classic::PassOn>(&message);
  if (news == nullptr) return {};
  const bool is_alive = news->row.state == classic::MemberState::alive;
  return {is_alive ? OldCall::Method::add : OldCall::Method::remove, news->row.address, news->visited_nodes};
}

}  // namespace p2p::sim
