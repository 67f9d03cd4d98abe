#include <p2p/log.h>

#include <fmt/format.h>

#include <exception>

namespace p2p {

Logger::~Logger() = default;

void Logger::format_and_write(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    fmt::memory_buffer line;
    fmt::vformat_to(std::back_inserter(line), format, args);
    write(level, {line.data(), line.size()});
  } catch (const std::exception&) {
    // A line that cannot be formatted (out of memory) must not end the caller: its format string is better than
    // nothing.
    write(level, {format.data(), format.size()});
  }
}

}  // namespace p2p
