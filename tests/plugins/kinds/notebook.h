// What was noted by oneway calls, in the order in which it took effect.
#pragma once

#include <mutex>
#include <string>
#include <vector>

namespace kinds {

// [any thread]
class Notebook final {
 public:
  void note(const std::string& text) {
    const std::lock_guard hold(mutex_);
    notes_.push_back(text);
  }

  std::vector<std::string> notes() const {
    const std::lock_guard hold(mutex_);
    return notes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
};

}  // namespace kinds
