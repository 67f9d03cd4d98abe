// What happened between clients and a store? One Call for each key that a client asked for: when it began and ended,
// and what it was told. Plain values; check.h judges them, and whoever records them knows the wire.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::history {

using Moment = std::int64_t;  // nanoseconds of one steady clock

// As the store tells it: the higher one is the later one.
struct Version {
  std::uint64_t stamp = 0;
  std::uint64_t node = 0;

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

enum class Kind : std::uint8_t { read, write, erase };

enum class Outcome : std::uint8_t {
  done,      // acknowledged, or a read that was answered
  unknown,   // it may have happened, or may yet happen
  not_done,  // refused: it has not happened and never will
};

inline constexpr std::size_t kKinds = 3;
inline constexpr std::size_t kOutcomes = 3;
const char* to_text(Kind kind) noexcept;
const char* to_text(Outcome outcome) noexcept;

// Keys and values are numbers, so that millions of calls fit in memory. No value is written twice in a history.
using KeyNumber = std::uint32_t;

struct Value {
  std::uint32_t writer = 0;
  std::uint32_t number = 0;  // counts the writer's values

  friend constexpr auto operator<=>(const Value&, const Value&) = default;
};

// Stands for bytes that no client of the run can have written.
inline constexpr Value kForeignValue{std::numeric_limits<std::uint32_t>::max(), 0};

// The client of reads after all others have ended.
inline constexpr std::uint16_t kFinalReader = std::numeric_limits<std::uint16_t>::max();

struct Call {
  Moment started = 0;              // before the request was sent
  Moment ended = 0;                // after the answer, or whatever stood for one, had come
  std::optional<Version> version;  // of the value found, of the write, of an erase that found something; when told
  Value value;                     // what was written, or what a read found
  KeyNumber key = 0;
  std::uint16_t client = 0;
  std::uint16_t node = 0;  // which node was asked: an index into History::nodes
  Kind kind = Kind::read;
  Outcome outcome = Outcome::done;
  bool found = false;  // reads and erases that are done
};

struct History {
  std::vector<std::string> nodes;
  std::vector<Call> calls;
  // Of every key, through every node that is left, once nothing changed any more; their client is kFinalReader.
  std::vector<Call> final_reads;
};

std::string key_name(KeyNumber key);  // "k0000012"
std::string value_name(Value value);  // "c3-000123"; the longer numbers have more digits

// What lies in the store for a value: its name, and dots up to `bytes`. A name that is longer stands alone.
std::string stored_value(Value value, std::size_t bytes);

// The value that was stored so; kForeignValue for all other bytes.
Value read_stored_value(std::string_view stored, std::size_t bytes);

}  // namespace p2p::history
