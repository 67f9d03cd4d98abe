// How does a history look in a file? One operation a line, as a JSON object, in any order:
//
//   {"key":"k0000012","client":3,"op":"write","value":"c3-000123","result":"ok","version":[7,12],
//    "invoked_at":1203,"returned_at":2507}
//
//   key          operations on different keys say nothing about each other; a key holds nothing in the beginning
//   client       a number, for people
//   op           "read", "write" or "erase"
//   value        what was written, or what a read found: a name. Each write has one of its own
//   if_absent    true: a condition of a write
//   if_version   [term, number]: a condition of a write or an erase
//   result       "ok"; "condition_failed"; "refused": surely not executed; "unknown": it may be executed at any time
//                after it was invoked, or never
//   found        of a read: whether there was a value. Of an erase that is ok, and of a condition that failed: the
//   same,
//                where that was told
//   version      [term, number] where it was told: of the value found, of the change, or, where a condition failed, of
//   the
//                value that was there. Along the order of a key's changes versions grow
//   invoked_at, returned_at   nanoseconds of one clock
//
// Values that expire are not known here: let none expire during a run.
#pragma once

#include "history/history.h"

#include <p2p/result.h>

#include <optional>
#include <string>
#include <string_view>

namespace p2p::history {

enum class Ending : std::uint8_t { ok, condition_failed, refused, unknown };

const char* to_text(Ending ending) noexcept;

// One line of the file.
struct Operation {
  std::string key{};
  std::uint32_t client = 0;
  Kind kind = Kind::read;
  std::string value{};  // of a write, or of a read that found one
  bool if_absent = false;
  std::optional<Version> if_version{};
  Ending ending = Ending::unknown;
  std::optional<bool> found{};
  std::optional<Version> version{};
  Moment invoked_at = 0;
  Moment returned_at = 0;

  bool has_condition() const noexcept { return if_absent || if_version.has_value(); }
  friend bool operator==(const Operation&, const Operation&) = default;
};

// Without the end of the line.
std::string line_of(const Operation& operation);

// ErrorKind::invalid, and what is wrong, for anything that is not as said above.
Result<Operation> operation_of(std::string_view line);

}  // namespace p2p::history
