#include "classic/core/table.h"

#include <xxhash.h>

#include <utility>

namespace p2p::classic {

namespace {

std::optional<ChangeKind> meaning(const Member* known, const Member& heard) {
  const bool was_alive = known != nullptr && known->state == MemberState::alive;
  const bool was_leaving = known != nullptr && known->state == MemberState::leaving;
  switch (heard.state) {
    case MemberState::alive:
      if (was_alive && known->incarnation == kUnknownLife) return std::nullopt;  // the same life, now known
      return was_alive ? ChangeKind::restarted : ChangeKind::joined;
    case MemberState::leaving:
      return ChangeKind::leaving;
    case MemberState::removed:
      if (was_leaving) return ChangeKind::gone;
      return was_alive ? std::optional(ChangeKind::left) : std::nullopt;
  }
  return std::nullopt;
}

bool is_present_state(MemberState state) { return state != MemberState::removed; }
bool is_alive_state(MemberState state) { return state == MemberState::alive; }
bool is_removed_state(MemberState state) { return state == MemberState::removed; }
std::string name_of(const std::string& name, const Member&) { return name; }
NodeAddress address_of(const std::string&, const Member& member) { return member.address; }

}  // namespace

std::optional<ChangeKind> Table::apply(const Member& heard, TimePoint now) {
  const Member* known = find(heard.address.name());
  if (known != nullptr && !supersedes(heard, *known)) return std::nullopt;
  const bool is_new = known == nullptr || !is_present_state(known->state);
  if (is_new && is_present_state(heard.state) && present_ >= limits_.present_max) return std::nullopt;
  const auto change = meaning(known, heard);
  keep({heard, false, now});
  return change;
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

template <class Made>
std::vector<Made> Table::collect(bool (*wanted)(MemberState), Made (*made)(const std::string&, const Member&)) const {
  std::vector<Made> all;
  all.reserve(present_);
  for (const auto& [name, row] : rows_) {
    if (wanted(row.member.state)) all.push_back(made(name, row.member));
  }
  return all;
}

std::vector<std::string> Table::present_names() const { return collect(is_present_state, name_of); }
std::vector<std::string> Table::removed_names() const { return collect(is_removed_state, name_of); }
std::vector<NodeAddress> Table::alive() const { return collect(is_alive_state, address_of); }
std::vector<NodeAddress> Table::present() const { return collect(is_present_state, address_of); }

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
