#include "ctl/lab/recorder.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>

namespace p2p::history {

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path, Measures measures) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return Error{ErrorKind::local, path + ": " + std::strerror(errno)};
  return std::unique_ptr<Recorder>(new Recorder(file, std::move(measures)));
}

void Recorder::record(const Operation& operation, std::size_t owner, const char* error_kind,
                      const std::string& failure) {
  const std::lock_guard lock(mutex_);
  write_locked(operation);
  measures_.note(operation, owner, error_kind, failure);
}

void Recorder::record_final(const Operation& operation) {
  const std::lock_guard lock(mutex_);
  write_locked(operation);
}

void Recorder::write_locked(const Operation& operation) {
  const std::string line = line_of(operation) + '\n';
  is_complete_ &= std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
}

bool Recorder::flush() {
  const std::lock_guard lock(mutex_);
  is_complete_ &= std::fflush(file_.get()) == 0;
  return is_complete_;
}

nlohmann::json Recorder::counts() const {
  const std::lock_guard lock(mutex_);
  return measures_.counts();
}

nlohmann::json Recorder::summary(Moment end) const {
  const std::lock_guard lock(mutex_);
  return measures_.summary(end);
}

}  // namespace p2p::history
