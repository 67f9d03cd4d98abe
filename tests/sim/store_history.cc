#include "store_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace p2p::sim {
namespace {

using Kind = StoreOperation::Kind;
using Outcome = StoreOperation::Outcome;

std::int64_t microseconds_of(TimePoint at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count() - 1'000'000'000;
}

std::string text_of(const StoreOperation& done) {
  const char* const kind = done.kind == Kind::read    ? "read"
                           : done.kind == Kind::write ? "write"
                           : done.kind == Kind::erase ? "erase"
                                                      : "swap";
  const char* const outcome = done.outcome == Outcome::done      ? ""
                              : done.outcome == Outcome::unknown ? " (unknown)"
                                                                 : " (not executed)";
  const std::string end = done.ended == TimePoint::max() ? "..." : std::to_string(microseconds_of(done.ended));
  const std::string repeats = done.repeats_most == 0 ? "" : fmt::format(" (perhaps {} times)", 1 + done.repeats_most);
  return fmt::format("  {:>9} to {:>9} us at {}: {} {}{}{}\n", microseconds_of(done.begun), end, done.node, kind,
                     done.value, outcome, repeats);
}

// A search that takes longer is given up: many open calls on one key have very many orders.
constexpr std::size_t kPlacesMax = 20'000;

// Searches for an order, as Wing and Gong did, remembering what has been tried (Lowe).
class Search final {
 public:
  explicit Search(const StoreHistory& history) {
    const bool has_erases = std::any_of(history.begin(), history.end(), [](const auto& one) {
      return one.kind == Kind::erase && one.outcome == Outcome::done && one.value != 0;
    });
    std::set<int> read;
    for (const auto& one : history) {
      if (one.kind == Kind::read && one.outcome == Outcome::done) read.insert(one.value);
      if (one.kind == Kind::swap && one.outcome != Outcome::failed) read.insert(one.expected);
    }
    for (const auto& one : history) {
      if (one.outcome == Outcome::done) definite_.push_back(one);
      if (one.kind == Kind::read || one.outcome == Outcome::failed) continue;
      // A write that nobody saw need not have happened, unless an erase needs it.
      const bool matters = one.kind == Kind::erase || has_erases || read.contains(one.value);
      if (one.outcome == Outcome::unknown && matters) optional_.push_back(one);
      if (matters && one.kind == Kind::write) optional_.insert(optional_.end(), one.repeats_most, one);
    }
    std::stable_sort(definite_.begin(), definite_.end(),
                     [](const auto& left, const auto& right) { return left.begun < right.begun; });
    for (auto& one : optional_) {
      if (one.outcome == Outcome::unknown) one.ended = TimePoint::max();
    }
  }

  // Too many open calls have too many orders: then anything passes.
  bool succeeds() { return optional_.size() > 64 || go({}); }

 private:
  // definite_ before `next` have happened, but for those `left` behind; and those of `used`.
  struct Place {
    std::size_t next = 0;
    std::vector<std::size_t> left = {};  // sorted; all were open at one moment, so they are few
    std::uint64_t used = 0;
    int value = 0;
    auto operator<=>(const Place&) const = default;
  };

  static bool apply(const StoreOperation& one, int& value) {
    switch (one.kind) {
      case Kind::read:
        return one.value == value;
      case Kind::write:
        value = one.value;
        return true;
      case Kind::swap:
        if (value != one.expected) return false;
        value = one.value;
        return true;
      case Kind::erase:
        if (one.outcome == Outcome::done && (one.value != 0) != (value != 0)) return false;
        value = 0;
        return true;
    }
    return false;
  }

  bool go(const Place& at) {
    if (at.next == definite_.size() && at.left.empty()) return true;
    if (tried_.size() > kPlacesMax) return true;
    if (!tried_.insert(at).second) return false;
    TimePoint first_end = TimePoint::max();
    for (const std::size_t i : at.left) first_end = std::min(first_end, definite_[i].ended);
    std::size_t end = at.next;
    for (; end < definite_.size() && definite_[end].begun <= first_end; ++end)
      first_end = std::min(first_end, definite_[end].ended);
    for (const std::size_t i : at.left) {
      Place next = at;
      std::erase(next.left, i);
      if (apply(definite_[i], next.value) && go(next)) return true;
    }
    Place next = at;
    for (std::size_t i = at.next; i < end; ++i) {
      next.next = i + 1;
      next.value = at.value;
      if (apply(definite_[i], next.value) && go(next)) return true;
      next.left.push_back(i);
    }
    return go_by_option(at, first_end);
  }

  bool go_by_option(const Place& at, TimePoint first_end) {
    const TimePoint latest = at.next == 0 ? TimePoint::min() : definite_[at.next - 1].begun;
    for (std::size_t i = 0; i < optional_.size(); ++i) {
      const std::uint64_t bit = std::uint64_t{1} << i;
      const bool is_possible = optional_[i].begun <= first_end && latest <= optional_[i].ended;
      Place next = at;
      next.used |= bit;
      if ((at.used & bit) != 0 || !is_possible || !apply(optional_[i], next.value)) continue;
      if (next.value != at.value && go(next)) return true;
    }
    return false;
  }

  StoreHistory definite_;
  StoreHistory optional_;
  std::set<Place> tried_;
};

}  // namespace

StoreHistory before(const StoreHistory& history, TimePoint at) {
  StoreHistory part;
  for (StoreOperation one : history) {
    if (one.begun >= at) continue;
    if (one.ended > at && one.outcome == Outcome::done) one.outcome = Outcome::unknown;
    part.push_back(one);
  }
  return part;
}

std::string not_linearizable(const StoreHistory& history) {
  if (Search(history).succeeds()) return "";
  StoreHistory sorted = history;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& left, const auto& right) { return left.begun < right.begun; });
  std::string text = "no order of these fits their answers:\n";
  for (const auto& one : sorted) text += text_of(one);
  return text;
}

std::string lost_put(const StoreHistory& history, Duration slack) {
  for (const auto& put : history) {
    if (put.kept_at == TimePoint()) continue;
    const bool is_found = std::any_of(history.begin(), history.end(), [&](const auto& other) {
      if (other.outcome == Outcome::failed || &other == &put) return false;
      if (other.kind == Kind::read) return other.outcome == Outcome::done && other.value == put.value;
      const TimePoint last = other.kept_at == TimePoint() ? other.ended : other.kept_at;
      return last == TimePoint::max() || last + slack >= put.kept_at;
    });
    if (!is_found) return "this was kept and got lost:\n" + text_of(put);
  }
  return "";
}

std::string read_of_nothing(const StoreHistory& history) {
  for (const auto& one : history) {
    if (one.kind != Kind::read || one.outcome != Outcome::done || one.value == 0) continue;
    const bool is_written = std::any_of(history.begin(), history.end(), [&](const auto& other) {
      return (other.kind == Kind::write || other.kind == Kind::swap) && other.value == one.value &&
             other.begun <= one.ended && other.outcome != Outcome::failed;
    });
    if (!is_written) return "this was never written:\n" + text_of(one);
  }
  return "";
}

}  // namespace p2p::sim
