// Where do log lines go? To the standard error or to a file, through one spdlog sink that the host owns; every service
// has a logger of its own name in front of it.
#pragma once

#include <p2p/log.h>
#include <p2p/result.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace p2p::host {

// Whether the journal of the service manager reads our standard error. [any thread]
bool stderr_is_journal() noexcept;

// Opens the sink, and lets Thrift's own output go through it too: the standard error, or `file` unless it is empty.
// Call once, before any make_logger(); after an error there is no sink. [control]
Result<Done> open_log(const std::filesystem::path& file);

// Reopens the log file after it was renamed; does nothing without a file. After an error lines still go to the former
// one. [any thread]
Result<Done> reopen_log();

// Takes lines instead of the process's sink: nodes that share a process, as in a test, have one each.
class LineTaker {
 public:
  virtual ~LineTaker() = default;
  virtual void write(LogLevel level, std::string_view logger, std::string_view line) noexcept = 0;  // [any thread]
};

// A logger whose lines carry `name`; they go to `sink`, or to the one of open_log() when there is none. [any thread]
std::unique_ptr<Logger> make_logger(const std::string& name, LogLevel level, std::shared_ptr<LineTaker> sink = nullptr);

}  // namespace p2p::host
