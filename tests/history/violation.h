// Which promise is broken, by which call, and which other call proves it?
#pragma once

#include "history/history.h"

#include <cstdint>
#include <string>

namespace p2p::history {

enum class Rule : std::uint8_t {
  foreign_value,        // a read found what nobody wrote to this key
  refused_value,        // a read found what a refused write would have written
  future_value,         // a read found what was written only after it had ended
  other_version,        // a read found a value with another version than its write was acknowledged with
  shared_version,       // two changes, or two values, have the same version
  stale_read,           // a read found less than was acknowledged or read before it began
  lost_value,           // not found, although it was there and no erase explains it
  back_again,           // a read found a value that was surely gone before
  erased_nothing,       // an erase found something where nothing can have been
  version_not_growing,  // a change has no higher version than what was known before it began
  final_disagreement,   // two nodes tell different things in the end
};

const char* to_text(Rule rule) noexcept;

// Both point into the history. `proof` is nullptr where nothing but the call itself is needed.
struct Violation {
  Rule rule = Rule::foreign_value;
  const Call* call = nullptr;
  const Call* proof = nullptr;
};

// For a person: key, clients, nodes, versions, and times in seconds since `zero`.
std::string sentence_of(const Violation& violation, const History& history, Moment zero);

}  // namespace p2p::history
