#include "membership/table.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace p2p::membership {

Applied Table::apply(const Member& heard, TimePoint now) {
  const Member* known = find(heard.location.name());
  if (known != nullptr && !supersedes(heard, *known)) return Applied::nothing;
  const bool was_alive = known != nullptr && known->state == MemberState::alive;
  const bool is_alive = heard.state == MemberState::alive;
  const bool is_same_life = was_alive && known->incarnation == kUnknownLife;
  if (is_alive && !was_alive && alive_ >= limits_.alive_max) return Applied::nothing;
  keep({heard, false, now});
  if (is_alive && is_same_life) return Applied::nothing;
  if (is_alive) return was_alive ? Applied::restarted : Applied::joined;
  return was_alive ? Applied::left : Applied::nothing;
}

void Table::keep(Row row) {
  auto& place = rows_[row.member.location.name()];
  if (!place.member.location.empty()) count(place.member, -1);
  place = std::move(row);
  count(place.member, +1);
  fingerprint_is_current_ = false;
  if (removed_ > limits_.removed_max) forget_oldest_removed();
}

void Table::count(const Member& member, std::ptrdiff_t by) {
  (member.state == MemberState::alive ? alive_ : removed_) += static_cast<std::size_t>(by);
}

void Table::forget_oldest_removed() {
  auto oldest = rows_.end();
  for (auto row = rows_.begin(); row != rows_.end(); ++row) {
    if (row->second.member.state != MemberState::removed) continue;
    if (oldest == rows_.end() || row->second.removed_at < oldest->second.removed_at) oldest = row;
  }
  if (oldest == rows_.end()) return;
  count(oldest->second.member, -1);
  rows_.erase(oldest);
}

void Table::forget_old(TimePoint now) {
  removed_ -= std::erase_if(rows_, [&](const auto& entry) {
    const Row& row = entry.second;
    return row.member.state == MemberState::removed && now - row.removed_at > limits_.removed_kept_for;
  });
}

const Member* Table::find(std::string_view name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : &found->second.member;
}

bool Table::is_alive(std::string_view name) const {
  const Member* known = find(name);
  return known != nullptr && known->state == MemberState::alive;
}

bool Table::pass_on_once(std::string_view name) {
  const auto found = rows_.find(name);
  return found != rows_.end() && !std::exchange(found->second.is_passed_on, true);
}

std::vector<Member> Table::rows() const {
  std::vector<Member> all;
  all.reserve(rows_.size());
  for (const auto& [name, row] : rows_) all.push_back(row.member);
  return all;
}

std::vector<std::string> Table::alive_names() const {
  std::vector<std::string> names;
  names.reserve(alive_);
  for (const auto& [name, row] : rows_) {
    if (row.member.state == MemberState::alive) names.push_back(name);
  }
  return names;
}

std::vector<std::string> Table::removed_names() const {
  std::vector<std::string> names;
  names.reserve(removed_);
  for (const auto& [name, row] : rows_) {
    if (row.member.state == MemberState::removed) names.push_back(name);
  }
  return names;
}

std::vector<Location> Table::alive() const {
  std::vector<Location> locations;
  locations.reserve(alive_);
  for (const auto& [name, row] : rows_) {
    if (row.member.state == MemberState::alive) locations.push_back(row.member.location);
  }
  return locations;
}

// Removed rows stay out of it: nodes forget them at different times, and that is no reason to exchange tables.
std::uint64_t Table::fingerprint() const {
  if (!fingerprint_is_current_) {
    std::string text;
    for (const auto& [name, row] : rows_) {
      if (row.member.state != MemberState::alive) continue;
      text.append(name).append(1, '=').append(std::to_string(row.member.incarnation)).append(1, '\n');
    }
    fingerprint_ = XXH3_64bits(text.data(), text.size());
    fingerprint_is_current_ = true;
  }
  return fingerprint_;
}

}  // namespace p2p::membership
