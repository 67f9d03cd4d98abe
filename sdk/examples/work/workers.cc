#include "workers.h"

#include <string>

namespace work {

void Workers::start(p2p::Context& context, std::size_t count) {
  for (std::size_t number = 0; number < count; ++number) {
    context.spawn("worker" + std::to_string(number),
                  [workers = shared_from_this()](std::stop_token stop) { workers->work_until(stop); });
  }
}

void Workers::run(Task task) {
  {
    const std::lock_guard hold(mutex_);
    waiting_.push_back(std::move(task));
  }
  has_come_.notify_one();
}

void Workers::work_until(const std::stop_token& stop) {
  while (true) {
    std::unique_lock hold(mutex_);
    if (!has_come_.wait(hold, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return;
    const Task task = std::move(waiting_.front());
    waiting_.pop_front();
    hold.unlock();
    task(stop);
  }
}

}  // namespace work
