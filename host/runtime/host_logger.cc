#include "runtime/host_logger.h"

#include "runtime/log_sink.h"

#include <spdlog/spdlog.h>

#include <thrift/Thrift.h>
#include <unistd.h>

#include <cstdlib>

namespace p2p::host {
namespace {

// One sink for the process; made by open_log() and never replaced, so that loggers may share it without a lock of ours.
std::shared_ptr<LogSink>& shared_sink() {
  static std::shared_ptr<LogSink> sink;
  return sink;
}

spdlog::level::level_enum level_of(LogLevel level) {
  using namespace spdlog::level;
  static constexpr level_enum kLevels[] = {trace, debug, info, warn, err, off};  // in the order of LogLevel
  static_assert(std::size(kLevels) == static_cast<std::size_t>(LogLevel::off) + 1);
  return kLevels[static_cast<std::size_t>(level)];
}

class SpdLogger final : public Logger {
 public:
  SpdLogger(const std::string& name, LogLevel level) : spdlog_(name, shared_sink()) {
    spdlog_.set_level(spdlog::level::trace);  // the threshold of p2p::Logger decides
    spdlog_.flush_on(spdlog::level::trace);
    set_threshold(level);
  }

 protected:
  void write(LogLevel level, std::string_view line) noexcept override {
    try {
      spdlog_.log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
    } catch (const std::exception&) {
      // There is nobody left to report to.
    }
  }

 private:
  spdlog::logger spdlog_;
};

class TakenLogger final : public Logger {
 public:
  TakenLogger(std::string name, LogLevel level, std::shared_ptr<LineTaker> sink)
      : name_(std::move(name)), sink_(std::move(sink)) {
    set_threshold(level);
  }

 protected:
  void write(LogLevel level, std::string_view line) noexcept override { sink_->write(level, name_, line); }

 private:
  const std::string name_;
  const std::shared_ptr<LineTaker> sink_;
};

}  // namespace

bool stderr_is_journal() noexcept { return is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO); }

Result<Done> open_log(const std::filesystem::path& file) {
  if (shared_sink()) return Done{};
  const auto style = stderr_is_journal() ? LogSink::Style::journal : LogSink::Style::plain;
  auto sink = file.empty() ? std::make_shared<LogSink>(STDERR_FILENO, style) : std::make_shared<LogSink>(file);
  if (auto opened = sink->reopen(); !opened.ok()) return opened;
  sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %-5l %n: %v");
  shared_sink() = std::move(sink);
  static const auto thrift_log = make_logger("thrift", LogLevel::info);
  apache::thrift::GlobalOutput.setOutputFunction([](const char* line) { thrift_log->info("{}", line); });
  return Done{};
}

Result<Done> reopen_log() { return shared_sink() ? shared_sink()->reopen() : Result<Done>(Done{}); }

std::unique_ptr<Logger> make_logger(const std::string& name, LogLevel level, std::shared_ptr<LineTaker> sink) {
  if (sink) return std::make_unique<TakenLogger>(name, level, std::move(sink));
  return std::make_unique<SpdLogger>(name, level);
}

}  // namespace p2p::host
