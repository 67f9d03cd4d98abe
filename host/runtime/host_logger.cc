#include "runtime/host_logger.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <thrift/Thrift.h>

namespace p2p::host {
namespace {

// One sink for the process; made by open_log() and never replaced, so that loggers may share it without a lock of ours.
std::shared_ptr<spdlog::sinks::sink>& shared_sink() {
  static std::shared_ptr<spdlog::sinks::sink> sink;
  return sink;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
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
      // Nobody is left to tell.
    }
  }

 private:
  spdlog::logger spdlog_;
};

}  // namespace

void open_log() {
  if (shared_sink()) return;
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %-5l %n: %v");
  shared_sink() = sink;
  static const auto thrift_log = make_logger("thrift", LogLevel::info);
  apache::thrift::GlobalOutput.setOutputFunction([](const char* line) { thrift_log->info("{}", line); });
}

std::unique_ptr<Logger> make_logger(const std::string& name, LogLevel level) {
  return std::make_unique<SpdLogger>(name, level);
}

}  // namespace p2p::host
