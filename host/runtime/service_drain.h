// What has one service reported about its drain? The host's side of <p2p/drain.h>.
#pragma once

#include <p2p/drain.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {

class ServiceDrain final : public Drain {
 public:
  void always_take(std::vector<std::string> methods) override { taken_ = std::move(methods); }
  void progressed() noexcept override { steps_.fetch_add(1, std::memory_order_relaxed); }
  void when_over(std::function<std::vector<std::string>()> left) override { left_ = std::move(left); }
  void when_stopping(std::function<void()> answer) override { answer_ = std::move(answer); }

  const std::vector<std::string>& taken_methods() const noexcept { return taken_; }        // [control]
  std::uint64_t steps() const noexcept { return steps_.load(std::memory_order_relaxed); }  // [any thread]

  // The drain is over, or given up: asks once what is left. [control]
  std::vector<std::string> end() {
    const auto left = std::exchange(left_, nullptr);
    return left ? left() : std::vector<std::string>();
  }
  // The calls that the service keeps open are to be answered. [control]
  void answer_kept_calls() {
    if (const auto answer = std::exchange(answer_, nullptr)) answer();
  }
  // Releases the service's callbacks. [control]
  void release() { left_ = nullptr, answer_ = nullptr; }

 private:
  std::vector<std::string> taken_;
  std::function<std::vector<std::string>()> left_;
  std::function<void()> answer_;
  std::atomic<std::uint64_t> steps_{0};
};

}  // namespace p2p::host
