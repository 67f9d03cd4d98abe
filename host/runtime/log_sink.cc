#include "runtime/log_sink.h"

#include "files/owned_descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::host {
namespace {

// Logs may quote what clients sent: nobody but the user and an operator's group reads them.
constexpr mode_t kLogFileMode = 0640;

// <syslog.h>
const char* priority_prefix(spdlog::level::level_enum level) {
  // In the order of spdlog's levels: trace, debug, info, warn, err, critical, off, n_levels.
  static constexpr const char* kPrefixes[] = {"<7>", "<7>", "<6>", "<4>", "<3>", "<2>", "<6>", "<6>"};
  return kPrefixes[level];
}

Error cannot_open(const std::filesystem::path& file, const std::string& why) {
  return {ErrorKind::refused, "cannot open the log file " + file.native() + ": " + why};
}

// NONBLOCK: a pipe without a reader must not hold up the start.
constexpr int kOpenFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

Result<int> open_log_file(const std::filesystem::path& file) {
  int opened = ::open(file.c_str(), kOpenFlags | O_CREAT | O_EXCL, kLogFileMode);
  if (opened >= 0) {
    // Whatever the umask: who rotates logs belongs to the group.
    if (::fchmod(opened, kLogFileMode) == 0) return opened;
  } else if (errno == EEXIST) {
    opened = ::open(file.c_str(), kOpenFlags);
  }
  const int failure = errno;
  struct stat status {};
  if (opened >= 0 && ::fstat(opened, &status) == 0 && S_ISREG(status.st_mode)) return opened;
  if (opened < 0) return cannot_open(file, std::strerror(failure));
  ::close(opened);
  return cannot_open(file, "it is no regular file");
}

}  // namespace

bool is_journal(const char* journal_stream, int descriptor) noexcept {
  struct stat status {};
  if (journal_stream == nullptr || ::fstat(descriptor, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == journal_stream;
}

LogSink::~LogSink() {
  if (!file_.empty() && descriptor_ >= 0) ::close(descriptor_);
}

Result<Done> LogSink::reopen() {
  if (file_.empty()) return Done{};
  const auto opened = open_log_file(file_);
  if (!opened.ok()) return opened.error();
  const std::lock_guard hold(mutex_);
  const int before = std::exchange(descriptor_, opened.value());
  if (before >= 0) ::close(before);
  return Done{};
}

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t text;
  formatter_->format(message, text);
  if (style_ == Style::plain) return write_line({text.data(), text.size()});
  // The journal makes an entry of each line.
  std::string prefixed;
  for (std::string_view rest(text.data(), text.size()); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    prefixed.append(priority_prefix(message.level)).append(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  write_line(prefixed);
}

void LogSink::write_line(std::string_view line) {
  if (lines_lost_ > 0) {
    const std::string told = fmt::format("({} lines of the log could not be written and are lost)\n", lines_lost_);
    if (!write_all(descriptor_, told)) {
      ++lines_lost_;
      return;
    }
    lines_lost_ = 0;
  }
  if (!write_all(descriptor_, line)) ++lines_lost_;
}

}  // namespace p2p::host
