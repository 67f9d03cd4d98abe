#include "classic/core/table.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace p2p::classic {

namespace {

Applied meaning(const Member* known, const Member& heard) {
  const bool was_alive = known != nullptr && known->state == MemberState::alive;
  const bool was_leaving = known != nullptr && known->state == MemberState::leaving;
  switch (heard.state) {
    case MemberState::alive:
      if (was_alive && known->incarnation == kUnknownLife) return Applied::nothing;  // the same life, now known
      return was_alive ? Applied::restarted : Applied::joined;
    case MemberState::leaving:
      return Applied::leaving;
    case MemberState::removed:
      if (was_leaving) return Applied::gone;
      return was_alive ? Applied::left : Applied::nothing;
  }
  return Applied::nothing;
}

bool is_present_state(MemberState state) { return state != MemberState::removed; }

}  // namespace

Applied Table::apply(const Member& heard, TimePoint now) {
  const Member* known = find(heard.address.name());
  if (known != nullptr && !supersedes(heard, *known)) return Applied::nothing;
  const bool is_new = known == nullptr || !is_present_state(known->state);
  if (is_new && is_present_state(heard.state) && present_ >= limits_.present_max) return Applied::nothing;
  const Applied applied = meaning(known, heard);
  keep({heard, false, now});
  return applied;
}

void Table::keep(Row row) {
  auto& place = rows_[row.member.address.name()];
  if (!place.member.address.empty()) count(place.member, -1);
  place = std::move(row);
  count(place.member, +1);
  fingerprint_is_current_ = false;
  if (removed_ > limits_.removed_max) forget_oldest_removed();
}

void Table::count(const Member& member, std::ptrdiff_t by) {
  (is_present_state(member.state) ? present_ : removed_) += static_cast<std::size_t>(by);
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

bool Table::is_present(std::string_view name) const {
  const Member* known = find(name);
  return known != nullptr && is_present_state(known->state);
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

template <class Wanted, class Made>
void Table::collect(Wanted wanted, std::vector<Made>& into, Made (*made)(const std::string&, const Member&)) const {
  for (const auto& [name, row] : rows_) {
    if (wanted(row.member.state)) into.push_back(made(name, row.member));
  }
}

namespace {

bool is_alive_state(MemberState state) { return state == MemberState::alive; }
bool is_removed_state(MemberState state) { return state == MemberState::removed; }
std::string name_of(const std::string& name, const Member&) { return name; }
NodeAddress address_of(const std::string&, const Member& member) { return member.address; }

}  // namespace

std::vector<std::string> Table::present_names() const {
  std::vector<std::string> names;
  names.reserve(present_);
  collect(is_present_state, names, name_of);
  return names;
}

std::vector<std::string> Table::removed_names() const {
  std::vector<std::string> names;
  names.reserve(removed_);
  collect(is_removed_state, names, name_of);
  return names;
}

std::vector<NodeAddress> Table::alive() const {
  std::vector<NodeAddress> addresses;
  addresses.reserve(present_);
  collect(is_alive_state, addresses, address_of);
  return addresses;
}

std::vector<NodeAddress> Table::present() const {
  std::vector<NodeAddress> addresses;
  addresses.reserve(present_);
  collect(is_present_state, addresses, address_of);
  return addresses;
}

// Removed rows are left out: nodes forget them at different times, which is no reason to exchange tables.
std::uint64_t Table::fingerprint() const {
  if (!std::exchange(fingerprint_is_current_, true)) fingerprint_ = fingerprint_of_rows();
  return fingerprint_;
}

std::uint64_t Table::fingerprint_of_rows() const {
  std::string text;
  for (const auto& [name, row] : rows_) {
    if (is_removed_state(row.member.state)) continue;
    text.append(name).append(1, '=').append(std::to_string(row.member.incarnation));
    text.append(1, is_alive_state(row.member.state) ? '\n' : '-');
  }
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace p2p::classic
