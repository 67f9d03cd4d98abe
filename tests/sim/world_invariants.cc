// What must hold in a world: always, and once nothing has changed for a while.
#include "world_processes.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

using classic::ChangeKind;
using classic::Member;
using classic::MemberState;

namespace {

std::string text_of(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += ' ' + name;
  return text.empty() ? " nobody" : text;
}

std::string text_of(const std::vector<Member>& rows) {
  std::string text;
  for (const Member& row : rows) {
    text += ' ' + std::to_string(row.address.port) + '@' + std::to_string(row.incarnation);
    if (row.state == MemberState::leaving) text += " leaving";
  }
  return text;
}

std::set<std::string> names_of(const std::vector<Member>& rows, MemberState state, const std::string& but) {
  std::set<std::string> names;
  for (const Member& row : rows) {
    if (row.state == state && row.address.name() != but) names.insert(row.address.name());
  }
  return names;
}

}  // namespace

void LocatorWorld::broke(const Process& at, const std::string& what) {
  const auto since = time_.now().time_since_epoch();
  broken_.push_back(format_duration(since) + " node " + std::to_string(at.port) + ": " + what);
}

// A node of the 2009 system that hears of its own joining hands what it owns over to itself.
void LocatorWorld::check_news(const Process& from, const OldCall& call) {
  if (call.method != OldCall::Method::add) return;
  const auto& knowing = call.visited_nodes;
  const bool is_known = std::find(knowing.begin(), knowing.end(), call.address.name()) != knowing.end();
  if (!is_known) broke(from, "the news of " + call.address.name() + " may come to that node itself");
}

// Members come, leave and go in turn, and each life runs through the add layers once.
void LocatorWorld::change_ring(Locator& at, const classic::MembershipChange& change) {
  const std::string name = change.address.name();
  const bool was_there = at.ring.contains(name);
  const bool was_leaving = at.leaving.contains(name);
  if (change.address.port == at.port) broke(at, "its own ring changes by what it hears of itself");
  switch (change.kind) {
    case ChangeKind::joined:
    case ChangeKind::restarted: {
      if (was_there != (change.kind == ChangeKind::restarted)) broke(at, name + " joined in the wrong order");
      at.ring.insert(name);
      at.leaving.erase(name);
      std::int64_t life = -1;
      for (const Member& row : at.core.view().members) {
        if (row.address == change.address) life = row.incarnation;
      }
      const auto [known, is_new] = at.added_life.try_emplace(name, life);
      if (!is_new && life <= known->second) broke(at, name + " joined twice in one life");
      known->second = life;
      break;
    }
    case ChangeKind::leaving:  // it may be news of a node that was never heard of
      at.ring.erase(name);
      at.leaving.insert(name);
      break;
    case ChangeKind::ownership:
      broke(at, "its ring follows from its members, and changes with them alone");
      break;
    case ChangeKind::gone:
      if (!was_leaving) broke(at, name + " is gone without having been leaving");
      if (was_there) broke(at, name + " is gone, but on the ring");
      at.leaving.erase(name);
      break;
    case ChangeKind::left:
      if (!was_there) broke(at, name + " left without being there");
      if (was_leaving) broke(at, name + " left instead of being gone");
      at.ring.erase(name);
      break;
  }
}

void LocatorWorld::check() {
  for (const auto& at : std::exchange(touched_, {})) {
    if (!at->is_running) continue;
    const std::string self = address(at->port).name();
    const auto rows = at->core.view().members;
    if (at->ring != names_of(rows, MemberState::alive, self)) broke(*at, "the ring is not what the table says");
    if (at->leaving != names_of(rows, MemberState::leaving, self))
      broke(*at, "who is leaving is not what the table says");
    if (at->core.self().state != MemberState::alive && !at->is_leaving)
      broke(*at, "it leaves without having been told to");
    if (std::find(rows.begin(), rows.end(), at->core.self()) == rows.end()) broke(*at, "it lacks its own row");
  }
}

std::string LocatorWorld::disagreement() const {
  std::vector<Member> expected;
  std::set<std::string> on_ring;
  bool has_ours = false;
  for (const int port : running()) {
    const auto ours = locator(port);
    const auto old = std::dynamic_pointer_cast<Old>(network_.process(port));
    has_ours = has_ours || ours;
    const auto state = old && old->hands_over ? MemberState::leaving : MemberState::alive;
    expected.push_back(ours ? ours->core.self() : Member{address(port), classic::kUnknownLife, state});
    if (expected.back().state == MemberState::alive) on_ring.insert(address(port).name());
  }
  std::sort(expected.begin(), expected.end(),
            [](const auto& left, const auto& right) { return left.address.name() < right.address.name(); });
  std::string wrong;
  for (const int port : running()) {
    if (const auto ours = locator(port)) {
      wrong += disagreement_of(*ours, expected);
    } else if (has_ours && on_ring.contains(address(port).name())) {  // those of 2009 alone mend nothing
      std::set<std::string> seen;
      for (const NodeAddress& member : members_of(*network_.process(port))) seen.insert(member.name());
      if (seen != on_ring) wrong += std::to_string(port) + " (2009) sees" + text_of(seen) + "; ";
    }
  }
  return wrong;
}

std::string LocatorWorld::disagreement_of(const Locator& at, const std::vector<Member>& expected) const {
  std::string wrong;
  auto rows = at.core.view().members;
  std::erase_if(rows, [](const Member& row) { return row.state == MemberState::removed; });
  // Nobody tells the life of a node of 2009.
  for (Member& row : rows) {
    if (is_old(row.address.port)) row.incarnation = classic::kUnknownLife;
  }
  if (rows != expected) wrong += std::to_string(at.port) + " sees" + text_of(rows) + "; ";
  for (const Member& member : expected) {
    const std::string name = member.address.name();
    const auto seen = at.added_life.find(name);
    const bool has_a_life = !is_old(member.address.port) && member.state == MemberState::alive;
    // What was learnt of through a node of 2009 has run through the layers without its life.
    const bool is_seen =
        seen != at.added_life.end() && (seen->second == member.incarnation || seen->second == classic::kUnknownLife);
    if (has_a_life && member.address.port != at.port && !is_seen) {
      wrong += std::to_string(at.port) + "'s layers have not seen this life of " + name + "; ";
    }
  }
  return wrong;
}

}  // namespace p2p::sim
