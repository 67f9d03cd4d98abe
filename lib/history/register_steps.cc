#include "history/register_steps.h"

#include <map>
#include <utility>

namespace p2p::history {
namespace {

using Needs = Step::Needs;

// Reads and conditions that were told an impossible thing need this; nobody writes it.
constexpr const char* kNobodysValue = "a value of nobody's";

class Reading final {
 public:
  explicit Reading(std::span<const Operation> operations) : operations_(operations) {
    state_of("nothing");
    for (std::size_t at = 0; at < operations_.size(); ++at) learn_version(at);
  }

  RegisterSteps run() && {
    for (std::size_t at = 0; at < operations_.size(); ++at) {
      const Operation& one = operations_[at];
      if (one.ending == Ending::refused || (one.ending == Ending::unknown && one.kind == Kind::read)) continue;
      Step step = step_of(one);
      step.started = one.invoked_at;
      step.ended = one.ending == Ending::unknown ? kNever : one.returned_at;
      step.is_certain = one.ending != Ending::unknown;
      if (step.leaves) step.version = version_of_change(one, *step.leaves);
      read_.steps.push_back(step);
      read_.operation_of.push_back(at);
    }
    return std::move(read_);
  }

 private:
  struct Named {
    State state = kAbsent;
    std::size_t operation = 0;  // that has told it
  };
  struct Numbered {
    Version version;
    std::size_t operation = 0;
  };

  State state_of(const std::string& name) {
    const auto [found, is_new] = states_.emplace(name, static_cast<State>(states_.size()));
    if (is_new) read_.names.push_back(name);
    return found->second;
  }

  // A value has one version, and a version names one value.
  void learn_version(std::size_t at) {
    const Operation& one = operations_[at];
    if (one.ending != Ending::ok || !one.version) return;
    const State state = one.kind == Kind::erase ? kAbsent : state_of(one.value);
    const auto [by_version, is_new_version] = by_version_.emplace(*one.version, Named{state, at});
    const bool is_second_change =
        !is_new_version && one.kind != Kind::read && operations_[by_version->second.operation].kind != Kind::read;
    if (by_version->second.state != state || is_second_change) {
      read_.disagreements.push_back({by_version->second.operation, at, "two changes of one version"});
    }
    if (state == kAbsent) return;
    const auto [by_state, is_new_state] = by_state_.emplace(state, Numbered{*one.version, at});
    if (by_state->second.version != *one.version) {
      read_.disagreements.push_back({by_state->second.operation, at, "two versions of one value"});
    }
  }

  std::optional<Version> version_of_change(const Operation& one, State leaves) const {
    if (one.ending == Ending::ok) return one.version;
    const auto known = by_state_.find(leaves);
    return known == by_state_.end() ? std::nullopt : std::optional(known->second.version);
  }

  // The value with this version, if anybody was ever told it.
  std::optional<State> value_of(const std::optional<Version>& version) const {
    const auto found = version ? by_version_.find(*version) : by_version_.end();
    if (found == by_version_.end() || found->second.state == kAbsent) return std::nullopt;
    return found->second.state;
  }

  Step exactly(State state) { return {.needs = Needs::exactly, .needed = state}; }
  Step nobodys() { return exactly(state_of(kNobodysValue)); }

  Step step_of(const Operation& one) {
    if (one.ending == Ending::condition_failed) return failed_condition(one);
    Step step = what_is_found(one);
    if (one.kind == Kind::write) step.leaves = state_of(one.value);
    if (one.kind == Kind::erase && !(one.found && !*one.found)) step.leaves = kAbsent;
    return step;
  }

  // Of one whose condition was met, or perhaps was.
  Step what_is_found(const Operation& one) {
    if (one.kind == Kind::read) return exactly(*one.found ? state_of(one.value) : kAbsent);
    if (one.if_absent) return exactly(kAbsent);
    if (one.if_version) {
      const auto value = value_of(one.if_version);  // otherwise that of a write whose outcome is unknown
      return value ? exactly(*value) : Step{.needs = Needs::a_value};
    }
    if (one.kind == Kind::write || !one.found) return {};
    return *one.found ? Step{.needs = Needs::a_value} : exactly(kAbsent);
  }

  Step failed_condition(const Operation& one) {
    const auto value = value_of(one.version);
    const bool met = (one.if_absent && one.found && !*one.found) || (one.if_version && one.version == one.if_version);
    if (met) return nobodys();
    if (value) return exactly(*value);
    if (one.found && !*one.found) return exactly(kAbsent);
    const auto wanted = value_of(one.if_version);
    if (one.if_absent || one.found || one.version) return {.needs = Needs::a_value};
    return wanted ? Step{.needs = Needs::other_than, .needed = *wanted} : Step{};
  }

  std::span<const Operation> operations_;
  RegisterSteps read_;
  std::map<std::string, State> states_;
  std::map<Version, Named> by_version_;
  std::map<State, Numbered> by_state_;
};

}  // namespace

RegisterSteps steps_of(std::span<const Operation> operations) { return Reading(operations).run(); }

}  // namespace p2p::history
