#include "testing/log_book.h"

#include "config/host_keys.h"

#include <algorithm>
#include <cstdio>

namespace p2p::testing {

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  return text;
}

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

std::string LogBook::text() const { return text_of(lines()); }

bool LogBook::wait_for(std::string_view text, Duration patience) const {
  std::unique_lock hold(mutex_);
  return written_.wait_for(hold, patience, [&] {
    return std::any_of(lines_.begin(), lines_.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  });
}

}  // namespace p2p::testing
