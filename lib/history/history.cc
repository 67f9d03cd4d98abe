#include "history/history.h"

#include <fmt/format.h>

#include <charconv>

namespace p2p::history {
namespace {

constexpr char kPadding = '.';

// Takes a number from the front of `text`.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return number;
}

bool take_letter(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

const char* to_text(Kind kind) noexcept {
  switch (kind) {
    case Kind::read:
      return "read";
    case Kind::write:
      return "write";
    case Kind::erase:
      return "erase";
  }
  return "?";
}

const char* to_text(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::done:
      return "done";
    case Outcome::unknown:
      return "unknown";
    case Outcome::not_done:
      return "not_done";
  }
  return "?";
}

std::string key_name(KeyNumber key) { return fmt::format("k{:07}", key); }

std::string value_name(Value value) {
  if (value == kForeignValue) return "a foreign value";
  return fmt::format("c{}-{:06}", value.writer, value.number);
}

std::string stored_value(Value value, std::size_t bytes) {
  std::string stored = value_name(value);
  if (stored.size() < bytes) stored.resize(bytes, kPadding);
  return stored;
}

Value read_stored_value(std::string_view stored, std::size_t bytes) {
  std::string_view left = stored;
  if (!take_letter(left, 'c')) return kForeignValue;
  const auto writer = take_number(left);
  if (!writer || !take_letter(left, '-')) return kForeignValue;
  const auto number = take_number(left);
  if (!number) return kForeignValue;
  // Only what is stored byte for byte counts: a value with a lost or a changed tail is not the one that was written.
  const Value value{*writer, *number};
  return stored_value(value, bytes) == stored ? value : kForeignValue;
}

}  // namespace p2p::history
