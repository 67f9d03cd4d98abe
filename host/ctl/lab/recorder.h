// Where do answers go? Into the file of the history, as they come, and into the measures. [any thread]
#pragma once

#include "history/measures.h"

#include <p2p/result.h>

#include <cstdio>
#include <memory>
#include <mutex>

namespace p2p::history {

class Recorder final {
 public:
  // An error when the file cannot be made. An older one of that name is gone.
  static Result<std::unique_ptr<Recorder>> create(const std::string& path, Measures measures);

  void record(const Operation& operation, std::size_t owner, const char* error_kind, const std::string& failure);
  // The same for one that is no part of the load: nothing is measured.
  void record_final(const Operation& operation);

  // What was recorded lies in the file. False when it does not.
  bool flush();

  nlohmann::json counts() const;
  nlohmann::json summary(Moment end) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Recorder(std::FILE* file, Measures measures) : file_(file), measures_(std::move(measures)) {}
  void write_locked(const Operation& operation);

  mutable std::mutex mutex_;
  std::unique_ptr<std::FILE, Close> file_;
  bool is_complete_ = true;
  Measures measures_;
};

}  // namespace p2p::history
