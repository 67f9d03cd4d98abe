// How does a service say what happened? Through the logger that its host gave it; the host owns sinks, levels and
// format.
#pragma once

#include <p2p/export.h>

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace p2p {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

// Lines carry the service's name. Every method: [any thread]; none throws.
class P2P_API Logger {
 public:
  virtual ~Logger();

  bool enabled(LogLevel level) const noexcept { return level >= threshold_.load(std::memory_order_relaxed); }
  void set_threshold(LogLevel level) noexcept { threshold_.store(level, std::memory_order_relaxed); }

  template <class... Args>
  void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (!enabled(level)) return;
    format_and_write(level, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) noexcept {
    log(LogLevel::error, format, std::forward<Args>(args)...);
  }

 protected:
  virtual void write(LogLevel level, std::string_view line) noexcept = 0;

 private:
  void format_and_write(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

  std::atomic<LogLevel> threshold_{LogLevel::info};
};

}  // namespace p2p
