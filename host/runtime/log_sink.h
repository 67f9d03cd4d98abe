// How do log lines leave the process? Each as one write to a descriptor: the standard error, or a file that can be
// reopened after it was renamed.
#pragma once

#include <p2p/result.h>

#include <spdlog/sinks/base_sink.h>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <mutex>

namespace p2p::host {

// Whether `journal_stream`, the variable JOURNAL_STREAM or null, names the file behind `descriptor`: then the journal
// reads what is written there. The variable alone proves nothing, since all descendants inherit it. [any thread]
bool is_journal(const char* journal_stream, int descriptor) noexcept;

// All methods [any thread]; write failures are counted, and reported once the next line gets through.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  enum class Style : std::uint8_t {
    plain,
    journal,  // each line begins with its syslog priority, "<3>" for an error
  };

  // Writes to `descriptor`, which outlives the sink.
  LogSink(int descriptor, Style style) : descriptor_(descriptor), style_(style) {}
  // Writes to `file`, at its end; it is made, with mode 0640, by reopen().
  explicit LogSink(std::filesystem::path file) : file_(std::move(file)) {}
  ~LogSink() override;

  // Reopens the file by its name; does nothing without a file. After an error lines still go to the former one.
  Result<Done> reopen();

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  void write_line(std::string_view line);

  const std::filesystem::path file_;  // empty: the sink does not own its descriptor
  int descriptor_ = -1;
  const Style style_ = Style::plain;
  std::uint64_t lines_lost_ = 0;
};

}  // namespace p2p::host
