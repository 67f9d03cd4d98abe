// What does a client ask, and what may come of it? One request, single or batch, and one answer, in the words of a
// history.
#pragma once

#include "history/history.h"

#include <string>
#include <vector>

namespace p2p::history {

enum class Form : std::uint8_t { single, batch };

struct Request {
  Kind kind = Kind::read;
  Form form = Form::single;     // a single one has one key
  std::vector<KeyNumber> keys;  // all different
  std::vector<Value> values;    // one a key in a write, otherwise none
};

// What the store told about one key.
struct Told {
  bool found = false;
  Value value;  // of a read that found one
  std::optional<Version> version;
};

struct Answer {
  Outcome outcome = Outcome::not_done;
  bool is_refused = false;  // the node wants to be left alone for a while
  std::string reason;       // unless done
  std::vector<Told> told;   // when done: one a key
};

}  // namespace p2p::history
