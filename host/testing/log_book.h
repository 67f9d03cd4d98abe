// What has a node logged? Its lines, kept for the test that runs it.
#pragma once

#include "runtime/host_logger.h"

#include <p2p/units.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::testing {

// Each with its end of line.
std::string text_of(const std::vector<std::string>& lines);

// Every method: [any thread].
class LogBook final : public host::LineTaker {
 public:
  enum class Echo : std::uint8_t { off, standard_error };
  explicit LogBook(Echo echo) : echo_(echo) {}

  void write(LogLevel level, std::string_view logger, std::string_view line) noexcept override;

  std::vector<std::string> lines() const;
  std::string text() const;  // all lines, each with its end of line
  // False when `patience` is over before a line holds `text`.
  bool wait_for(std::string_view text, Duration patience) const;

 private:
  const Echo echo_;
  mutable std::mutex mutex_;
  mutable std::condition_variable written_;
  std::vector<std::string> lines_;
};

}  // namespace p2p::testing
