// Could one register that does one thing at a time have answered so? Each operation is a step: what it needs to find,
// and what it leaves. The answer is an order of the steps that keeps to their times, or that there is none.
//
// The search walks through the times and keeps every situation that is possible so far (Wing and Gong; Lowe's
// just-in-time order): a step takes its place when it ends, and with it those that have to come before. What keeps them
// few, and loses no order:
//   - a step that changes nothing takes its place as soon as it fits;
//   - a value that is written once stays until all who certainly find it have done so;
//   - of steps that are alike, the one that ends first goes first;
//   - an uncertain change that nobody needs is not looked at;
//   - who has used fewer of the uncertain steps, and is otherwise alike, can do all that the other can.
#pragma once

#include "history/history.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace p2p::history {

// What a register holds: a value by its number, or nothing.
using State = std::uint32_t;
inline constexpr State kAbsent = 0;
inline constexpr State kStateMax = std::numeric_limits<State>::max() - 1;
inline constexpr State kUnreadState = kStateMax + 1;  // in an answer: any of the values that no step looks for

inline constexpr Moment kNever = std::numeric_limits<Moment>::max();

struct Step {
  enum class Needs : std::uint8_t { anything, a_value, exactly, other_than };

  Needs needs = Needs::anything;
  State needed = kAbsent;            // of `exactly` and `other_than`
  std::optional<State> leaves{};     // nullopt: it changes nothing
  std::optional<Version> version{};  // of the change: along the order they grow
  Moment started = 0;
  Moment ended = kNever;
  bool is_certain = true;  // otherwise it may never have been executed
};

struct Linearizability {
  enum class Verdict : std::uint8_t { possible, impossible, undecided };

  Verdict verdict = Verdict::possible;
  std::vector<State> states;  // of a possible one: what the register may hold in the end
  std::size_t places = 0;     // how much was tried
};

// A search that tries more is given up, as undecided: after 10 s or so. A key of a real run takes some thousands.
inline constexpr std::size_t kPlacesMax = 5'000'000;

struct SearchOptions {
  std::size_t places_max = kPlacesMax;
  bool tells_all_values_apart = false;  // otherwise kUnreadState stands for many
};

// Steps that happen at the same moment may happen in either order.
Linearizability linearize(std::span<const Step> steps, const SearchOptions& options = {});

}  // namespace p2p::history
