#include "testing/log_book.h"

#include "config/host_keys.h"

#include <algorithm>
#include <cstdio>

namespace p2p::testing {

void LogBook::write(LogLevel level, std::string_view logger, std::string_view line) noexcept {
  try {
    std::string entry = host::log_level_word(level);
    entry.append(" ").append(logger).append(": ").append(line);
    if (echo_ == Echo::standard_error) std::fprintf(stderr, "%s\n", entry.c_str());
    const std::lock_guard hold(mutex_);
    lines_.push_back(std::move(entry));
    written_.notify_all();
  } catch (const std::exception&) {
    // Out of memory: the test will miss the line, and say so.
  }
}

std::vector<std::string> LogBook::lines() const {
  const std::lock_guard hold(mutex_);
  return lines_;
}

std::string LogBook::text() const {
  std::string text;
  for (const std::string& line : lines()) text.append(line).append("\n");
  return text;
}

bool LogBook::holds_locked(std::string_view text) const {
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

bool LogBook::holds(std::string_view text) const {
  const std::lock_guard hold(mutex_);
  return holds_locked(text);
}

bool LogBook::wait_for(std::string_view text, Duration patience) const {
  std::unique_lock hold(mutex_);
  return written_.wait_for(hold, patience, [&] { return holds_locked(text); });
}

}  // namespace p2p::testing
