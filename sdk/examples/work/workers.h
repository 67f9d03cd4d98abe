// On which threads do jobs run? On a fixed number of the service's own, so that they may take their time: the host's
// pool is for handlers, which are short.
#pragma once

#include <p2p/context.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

namespace work {

class Workers final : public std::enable_shared_from_this<Workers> {
 public:
  using Task = std::function<void(std::stop_token)>;

  // Once, from the plugin's start(). The host ends the threads when the service stops.
  void start(p2p::Context& context, std::size_t count);

  // Runs `task` on one of the threads; it must not throw. Who calls sees to it that never many wait. [any thread]
  void run(Task task);

 private:
  void work_until(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any has_come_;
  std::deque<Task> waiting_;
};

}  // namespace work
