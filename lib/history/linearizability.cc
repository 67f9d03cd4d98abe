#include "history/linearizability.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace p2p::history {
namespace {

using Number = std::uint32_t;  // of a step
using Numbers = std::vector<Number>;
using Needs = Step::Needs;

// Stands for all values that no step tells from others.
constexpr State kUnseen = kUnreadState;

// These three are for numbers in their order.
bool contains(const Numbers& numbers, Number number) {
  return std::binary_search(numbers.begin(), numbers.end(), number);
}

void insert(Numbers& numbers, Number number) {
  numbers.insert(std::lower_bound(numbers.begin(), numbers.end(), number), number);
}

void remove(Numbers& numbers, Number number) {
  const auto found = std::lower_bound(numbers.begin(), numbers.end(), number);
  if (found != numbers.end() && *found == number) numbers.erase(found);
}

// Which of the steps that are open have taken their places; all that have ended have.
struct Situation {
  State state = kAbsent;
  Numbers certain{};
  std::optional<Version> version{};  // the highest so far
  std::size_t versions = 0;          // so many certain steps that have one have their places: the lowest
  Numbers uncertain{};

  auto core() const { return std::tie(state, certain, version, versions); }
};

// Situations of which none can do all that another one can.
class Situations final {
 public:
  // False when one that is there can do as much.
  bool add(const Situation& added) {
    auto& alike = by_core_[{added.state, added.certain, added.version, added.versions}];
    for (const Situation& one : alike) {
      if (uses_no_more(one, added)) return false;
    }
    std::erase_if(alike, [&](const Situation& one) { return uses_no_more(added, one); });
    alike.push_back(added);
    return true;
  }

  std::vector<Situation> take() {
    std::vector<Situation> all;
    for (auto& [core, alike] : by_core_) std::move(alike.begin(), alike.end(), std::back_inserter(all));
    by_core_.clear();
    return all;
  }

 private:
  using Core = std::tuple<State, Numbers, std::optional<Version>, std::size_t>;

  static bool uses_no_more(const Situation& one, const Situation& other) {
    return std::includes(other.uncertain.begin(), other.uncertain.end(), one.uncertain.begin(), one.uncertain.end());
  }

  std::map<Core, std::vector<Situation>> by_core_;
};

// Steps that are open, have no place in every situation, and do the same: of them, the first goes first.
struct Alike {
  Needs needs;
  State needed;
  State leaves;
  bool may_be_too_late;  // uncertain, and with an end: it stands for no other
  std::optional<Version> version;
  bool operator<(const Alike& other) const { return key() < other.key(); }

 private:
  std::tuple<Needs, State, State, bool, std::optional<Version>> key() const {
    return {needs, needed, leaves, may_be_too_late, version};
  }
};

class Search final {
 public:
  Search(std::span<const Step> steps, const SearchOptions& options)
      : steps_(steps.begin(), steps.end()), places_max_(options.places_max) {
    drop_what_says_nothing();
    drop_what_nobody_needs();
    note_seen_values();
    if (!options.tells_all_values_apart) merge_unseen_values();
    count();
    order_versions();
  }

  Linearizability run() {
    situations_ = {Situation{}};
    for (const Event& event : events()) {
      if (event.kind == Kind::begins) {
        open(event.number);
        continue;
      }
      close(event.number);
      if (places_ > places_max_) return {Linearizability::Verdict::undecided, {}, places_};
      if (situations_.empty()) return {Linearizability::Verdict::impossible, {}, places_};
      forget_what_all_have_used();
    }
    return {Linearizability::Verdict::possible, states(), places_};
  }

 private:
  // At the same moment beginnings come first, and ends of uncertain steps last: all of them may be in any order.
  enum class Kind : std::uint8_t { begins, ends, is_too_late };
  struct Event {
    Moment at;
    Kind kind;
    Number number;
    auto operator<=>(const Event&) const = default;
  };

  // --- before the search ---

  void drop_what_says_nothing() {
    std::erase_if(steps_, [](const Step& step) { return !step.is_certain && !step.leaves; });
  }

  bool is_seen(State state) const { return std::binary_search(seen_.begin(), seen_.end(), state); }

  // An uncertain change after which no step finds what it needs need not be looked at.
  void drop_what_nobody_needs() {
    std::set<State> needed;
    bool is_any_value_needed = false;
    const auto is_needed = [&](const Step& step) {
      return step.is_certain || needed.contains(*step.leaves) || (is_any_value_needed && step.leaves != kAbsent);
    };
    std::size_t kept = 0;
    for (std::size_t before = steps_.size() + 1; kept != before;) {  // more is needed by those that are needed
      before = std::exchange(kept, 0);
      for (const Step& step : steps_) {
        if (!is_needed(step)) continue;
        ++kept;
        if (step.needs == Needs::exactly) needed.insert(step.needed);
        if (step.needs == Needs::other_than) needed.insert(kAbsent);
        is_any_value_needed |= step.needs == Needs::a_value || step.needs == Needs::other_than;
      }
    }
    std::erase_if(steps_, [&](const Step& step) { return !is_needed(step); });
  }

  void note_seen_values() {
    seen_ = {kAbsent};
    for (const Step& step : steps_) {
      if (step.needs == Needs::exactly || step.needs == Needs::other_than) seen_.push_back(step.needed);
      is_any_value_of_use_ |= step.needs == Needs::a_value || step.needs == Needs::other_than;
    }
    std::sort(seen_.begin(), seen_.end());
  }

  void merge_unseen_values() {
    for (Step& step : steps_) {
      if (step.leaves && !is_seen(*step.leaves)) step.leaves = kUnseen;
    }
  }

  void count() {
    for (const Step& step : steps_) {
      if (step.leaves) ++writers_[*step.leaves];
      if (step.is_certain && step.needs == Needs::exactly) ++finders_[step.needed];
    }
  }

  bool is_in_version_order(const Step& step) const { return step.is_certain && step.leaves && step.version; }

  void order_versions() {
    for (Number number = 0; number < steps_.size(); ++number) {
      if (is_in_version_order(steps_[number])) by_version_.push_back(number);
    }
    std::stable_sort(by_version_.begin(), by_version_.end(),
                     [&](Number a, Number b) { return steps_[a].version < steps_[b].version; });
  }

  std::vector<Event> events() const {
    std::vector<Event> events;
    for (Number number = 0; number < steps_.size(); ++number) {
      const Step& step = steps_[number];
      events.push_back({step.started, Kind::begins, number});
      const Kind end = step.is_certain ? Kind::ends : Kind::is_too_late;
      if (step.ended != kNever) events.push_back({step.ended, end, number});
    }
    std::sort(events.begin(), events.end());
    return events;
  }

  // --- what is open ---

  Alike kind_of(const Step& step) const {
    const bool is_late = !step.is_certain && step.ended != kNever;
    return {step.needs, step.needed, *step.leaves, is_late, step.version};
  }

  // Certain ones first, for they have to find a place; of these, those that end first.
  auto turn_of(Number number) const { return std::tuple(!steps_[number].is_certain, steps_[number].ended, number); }

  void open(Number number) {
    const Step& step = steps_[number];
    if (!step.leaves) return open_finders_.push_back(number);
    Numbers& alike = open_changes_[kind_of(step)];
    alike.insert(std::lower_bound(alike.begin(), alike.end(), number,
                                  [&](Number a, Number b) { return turn_of(a) < turn_of(b); }),
                 number);
  }

  void leave_open(Number number) {
    const Step& step = steps_[number];
    if (!step.leaves) {
      std::erase(open_finders_, number);
      return;
    }
    const auto alike = open_changes_.find(kind_of(step));
    if (alike == open_changes_.end()) return;
    std::erase(alike->second, number);
    if (alike->second.empty()) open_changes_.erase(alike);
  }

  // --- the search ---

  // Where a step of this number stands when it has its place.
  Numbers& places_of(Number number, Situation& in) const {
    return steps_[number].is_certain ? in.certain : in.uncertain;
  }

  bool has_place(Number number, const Situation& in) const {
    return contains(steps_[number].is_certain ? in.certain : in.uncertain, number);
  }

  void close(Number number) {
    const std::vector<Situation> without = steps_[number].is_certain ? std::vector<Situation>{} : situations_;
    place(number);
    situations_.insert(situations_.end(), without.begin(), without.end());
    Situations different;
    for (Situation& one : situations_) {
      remove(places_of(number, one), number);
      different.add(one);
    }
    situations_ = different.take();
    leave_open(number);
    if (steps_[number].is_certain && steps_[number].needs == Needs::exactly) --finders_[steps_[number].needed];
  }

  // Every situation in which the step has its place, and no step that could have waited.
  void place(Number number) {
    Situations placed, tried;
    std::vector<Situation> left = std::exchange(situations_, {});
    while (!left.empty() && ++places_ <= places_max_) {
      Situation one = std::move(left.back());
      left.pop_back();
      if (!has_place(number, one)) let_find(one);
      if (has_place(number, one)) {
        placed.add(one);
        continue;
      }
      if (!tried.add(one)) continue;
      for (const auto& [kind, alike] : open_changes_) try_one_of(alike, number, one, left);
    }
    situations_ = placed.take();
  }

  void let_find(Situation& one) const {
    for (const Number number : open_finders_) {
      if (fits(steps_[number], one.state) && !contains(one.certain, number)) insert(one.certain, number);
    }
  }

  void try_one_of(const Numbers& alike, Number wanted, const Situation& from, std::vector<Situation>& left) const {
    const auto first =
        std::find_if(alike.begin(), alike.end(), [&](Number number) { return !has_place(number, from); });
    if (first == alike.end() || is_of_no_use(*first, wanted) || !is_possible(*first, from)) return;
    Situation next = from;
    if (!is_any_value_of_use_ && steps_[*first].needs == Needs::anything) overwrite_unseen(next);
    apply(*first, next);
    left.push_back(std::move(next));
  }

  // A value that nobody needs may as well be written just before another change.
  bool is_of_no_use(Number number, Number wanted) const {
    const Step& step = steps_[number];
    return number != wanted && !is_any_value_of_use_ && step.needs == Needs::anything && *step.leaves == kUnseen &&
           !step.version;
  }

  void overwrite_unseen(Situation& one) const {
    const auto alike = open_changes_.find({Needs::anything, kAbsent, kUnseen, false, std::nullopt});
    if (alike == open_changes_.end()) return;
    for (const Number number : alike->second) {
      if (steps_[number].is_certain && !contains(one.certain, number)) insert(one.certain, number);
    }
  }

  void apply(Number number, Situation& one) const {
    const Step& step = steps_[number];
    one.state = *step.leaves;
    if (step.version) one.version = step.version;
    if (is_in_version_order(step)) ++one.versions;
    if (!has_place(number, one)) insert(places_of(number, one), number);
  }

  static bool fits(const Step& step, State state) {
    switch (step.needs) {
      case Needs::anything:
        return true;
      case Needs::a_value:
        return state != kAbsent;
      case Needs::exactly:
        return state == step.needed;
      case Needs::other_than:
        return state != step.needed;
    }
    return false;
  }

  bool is_possible(Number number, const Situation& from) const {
    return fits(steps_[number], from.state) && grows(number, from) && may_go(from, steps_[number]);
  }

  bool grows(Number number, const Situation& from) const {
    const Step& step = steps_[number];
    if (!step.version) return true;
    if (from.version && *step.version <= *from.version) return false;
    if (from.versions == by_version_.size()) return true;
    const Number next = by_version_[from.versions];
    return is_in_version_order(step) ? number == next : *step.version < *steps_[next].version;
  }

  // Whether nobody but `step` still has to find the value that is there, and never comes back.
  bool may_go(const Situation& from, const Step& step) const {
    const State state = from.state;
    if (state == kAbsent || state == kUnseen || writers_.at(state) != 1) return true;
    const auto found = finders_.find(state);
    if (found == finders_.end()) return true;
    const auto finds = [&](const Step& one) { return one.needs == Needs::exactly && one.needed == state; };
    const auto done =
        std::count_if(from.certain.begin(), from.certain.end(), [&](Number i) { return finds(steps_[i]); });
    const std::size_t own = step.is_certain && finds(step) ? 1 : 0;
    return found->second == static_cast<std::size_t>(done) + own;
  }

  // So that they are not carried along for ever.
  void forget_what_all_have_used() {
    Numbers common = situations_.front().uncertain;
    for (const Situation& one : situations_) {
      std::erase_if(common, [&](Number number) { return !contains(one.uncertain, number); });
    }
    for (const Number number : common) {
      leave_open(number);
      for (Situation& one : situations_) remove(one.uncertain, number);
    }
  }

  std::vector<State> states() const {
    std::vector<State> states;
    for (const Situation& one : situations_) states.push_back(one.state);
    std::sort(states.begin(), states.end());
    states.erase(std::unique(states.begin(), states.end()), states.end());
    return states;
  }

  std::vector<Step> steps_;
  const std::size_t places_max_;
  std::size_t places_ = 0;
  std::vector<State> seen_;  // sorted: by a step that needs or excludes just this value
  bool is_any_value_of_use_ = false;
  std::map<State, std::size_t> writers_;
  std::map<State, std::size_t> finders_;  // certain, and not ended
  Numbers by_version_;                    // certain changes with a version, the lowest first
  std::map<Alike, Numbers> open_changes_;
  Numbers open_finders_;
  std::vector<Situation> situations_;
};

}  // namespace

Linearizability linearize(std::span<const Step> steps, const SearchOptions& options) {
  return Search(steps, options).run();
}

}  // namespace p2p::history
