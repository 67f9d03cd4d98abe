#include "crash/crash_note.h"

#include <charconv>
#include <csignal>

namespace p2p::host {
namespace {

constexpr std::string_view kTime = "time=";
constexpr std::string_view kSignal = " signal=";
constexpr std::string_view kPlugin = " plugin=";
constexpr std::string_view kVersion = " version=";
constexpr std::string_view kBuildId = " build_id=";
constexpr std::string_view kThread = " thread=";

bool is_printable(char letter) noexcept { return letter > ' ' && letter <= '~'; }

void add_word(PlainText& line, std::string_view word) noexcept {
  for (const char letter : word) line.add(is_printable(letter) ? std::string_view(&letter, 1) : "?");
}

// Removes `key` and the word after it from the front of `line`.
std::optional<std::string_view> take(std::string_view key, std::string_view& line) {
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  std::size_t end = 0;
  while (end < line.size() && is_printable(line[end])) ++end;
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

template <class Number>
bool read_number(const std::optional<std::string_view>& word, Number& number) {
  if (!word) return false;
  const auto [end, failure] = std::from_chars(word->data(), word->data() + word->size(), number);
  return failure == std::errc() && end == word->data() + word->size();
}

bool read_word(const std::optional<std::string_view>& word, std::string_view& into) {
  into = word.value_or("");
  return word.has_value();
}

}  // namespace

PlainText crash_note_line(const CrashNote& note) noexcept {
  PlainText line;
  line.add(kTime).add_number(static_cast<std::uint64_t>(note.time_s));
  line.add(kSignal).add_number(static_cast<std::uint64_t>(note.signal));
  add_word(line.add(kPlugin), note.plugin);
  add_word(line.add(kVersion), note.version);
  add_word(line.add(kBuildId), note.build_id);
  add_word(line.add(kThread), note.thread);
  line.add("\n");
  return line;
}

std::optional<CrashNote> parse_crash_note(std::string_view line) {
  CrashNote note;
  const bool is_note = read_number(take(kTime, line), note.time_s) && read_number(take(kSignal, line), note.signal) &&
                       read_word(take(kPlugin, line), note.plugin) && read_word(take(kVersion, line), note.version) &&
                       read_word(take(kBuildId, line), note.build_id) && read_word(take(kThread, line), note.thread);
  if (!is_note || !line.empty()) return std::nullopt;
  return note;
}

std::string_view signal_name(int signal) noexcept {
  static constexpr std::pair<int, std::string_view> kNames[] = {
      {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}};
  for (const auto& [number, name] : kNames) {
    if (number == signal) return name;
  }
  return "a signal";
}

}  // namespace p2p::host
