#include "systemd/heartbeat.h"

#include "systemd/notification.h"

#include <atomic>
#include <chrono>
#include <cstddef>

namespace p2p::host {
namespace {

// Waits are capped at a day: some clocks cannot represent the end of time.
constexpr Duration kNever = std::chrono::hours(24);

}  // namespace

struct Heartbeat::Round {
  std::atomic<std::size_t> loops_left{0};
};

Heartbeat::Heartbeat(const ServiceManager& manager, std::vector<std::unique_ptr<Loop>>& loops)
    : manager_(manager), loops_(loops), round_(std::make_shared<Round>()) {}

void Heartbeat::turn(TimePoint now) {
  if (now < due_) return;
  due_ = now + manager_.heartbeat_period().value_or(kNever);
  if (!manager_.heartbeat_period() || round_->loops_left.load() > 0) return;
  round_->loops_left.store(loops_.size());
  for (auto& loop : loops_) {
    loop->post([round = round_, &manager = manager_] {
      if (round->loops_left.fetch_sub(1) == 1) manager.tell(alive_notification(), ServiceManager::Patience::none);
    });
  }
}

}  // namespace p2p::host
