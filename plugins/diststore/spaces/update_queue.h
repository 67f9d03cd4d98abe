// Which update of a route key runs next on this node? One at a time, in the order of their arrival, so that those of
// one node do not make each other begin anew.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace p2p::diststore {

// Every method: [any thread].
template <class Job>
class UpdateQueue final {
 public:
  // `jobs_max`: those that run and those that wait.
  explicit UpdateQueue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

  enum class Place : std::uint8_t {
    first,  // the caller is to run it now
    waits,  // end() of another one will return it
    full,   // not kept
  };
  Place add(const std::string& key, std::shared_ptr<Job> job) {
    const std::lock_guard hold(mutex_);
    if (jobs_ >= jobs_max_) return Place::full;
    const auto [line, is_first] = lines_.try_emplace(key);
    if (!is_first) line->second.push_back(std::move(job));
    ++jobs_;
    return is_first ? Place::first : Place::waits;
  }

  // The one that ran has ended: the next is to run now. Null: there is none.
  std::shared_ptr<Job> end(const std::string& key) {
    const std::lock_guard hold(mutex_);
    const auto line = lines_.find(key);
    --jobs_;
    if (line->second.empty()) {
      lines_.erase(line);
      return nullptr;
    }
    std::shared_ptr<Job> next = std::move(line->second.front());
    line->second.pop_front();
    return next;
  }

  // It has waited long enough. False: it does not wait any more.
  bool remove(const std::string& key, const std::shared_ptr<Job>& job) {
    const std::lock_guard hold(mutex_);
    const auto line = lines_.find(key);
    if (line == lines_.end()) return false;
    const auto at = std::ranges::find(line->second, job);
    if (at == line->second.end()) return false;
    line->second.erase(at);
    --jobs_;
    return true;
  }

  // All that wait; they will not be returned any more.
  std::deque<std::shared_ptr<Job>> take_all() {
    const std::lock_guard hold(mutex_);
    std::deque<std::shared_ptr<Job>> all;
    for (auto& [key, line] : lines_) {
      for (auto& job : line) all.push_back(std::move(job));
      line.clear();
    }
    jobs_ -= all.size();
    return all;
  }

 private:
  const std::size_t jobs_max_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<std::shared_ptr<Job>>> lines_;  // of each key for which one runs
  std::size_t jobs_ = 0;
};

}  // namespace p2p::diststore
