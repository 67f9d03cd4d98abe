// Did the store keep its promises? Every call of a history, and what lies in the store in the end, against the rules of
// one register a key: what was acknowledged is seen from then on, and nothing comes back.
//
// What it sees, key by key; each has a name in violation.h:
//   - values that nobody wrote, or whose write was refused or had not begun, or that carry another write's version;
//   - reads older than what was acknowledged, or read, before they began;
//   - values that are missing without an erase that could have taken them, and erases that took what cannot have been
//   there;
//   - values that are back after they were surely gone;
//   - changes that follow each other and whose versions do not grow; changes that share a version;
//   - nodes that tell different things when all is quiet.
//
// What it cannot see:
//   - order between keys: a batch is not a transaction, each of its keys is a call of its own;
//   - what nobody asked about: a value that is lost and written anew before anyone reads it;
//   - whatever an unknown erase would explain. It may take effect at any time after it began, so from then on no answer
//   "not
//     found" about its key is an accusation; a value that an unknown write wrote may appear at any time, and come back;
//   - a write that took effect twice while it ran: the store repeats a write that failed on the way, and only the last
//   version
//     is acknowledged. A read that began before the write ended may therefore tell a lower version of its value;
//   - anything that needs versions, where none is told (erases of older stores).
#pragma once

#include "history/history.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace p2p::history {

struct Verdict {
  std::size_t violations = 0;
  std::map<std::string, std::size_t> by_rule;  // how often each rule was broken; only those that were
  std::vector<std::string> sentences;          // the earliest violations, one sentence each
};

// At most `sentences_max` violations are put into words; all are counted.
Verdict check(const History& history, std::size_t sentences_max);

}  // namespace p2p::history
