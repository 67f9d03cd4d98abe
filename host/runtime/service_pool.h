// One service's access to the worker pool: counts its unfinished work, so that a stopping service can wait for it.
#pragma once

#include <p2p/strand.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace p2p::host {

class ServicePool final : public WorkerPool {
 public:
  // `pool` outlives it.
  explicit ServicePool(WorkerPool& pool) : pool_(pool), open_(std::make_shared<State>()) {}

  bool submit(std::function<void()> work) override {
    if (open_->is_closed.load(std::memory_order_acquire)) return false;
    auto token = std::make_shared<Token>(open_);
    return pool_.submit([token = std::move(token), work = std::move(work)]() mutable {
      const auto held = std::move(token);  // outlives the work and what it holds
      auto todo = std::move(work);
      if (!held->state->is_closed.load(std::memory_order_acquire)) todo();
    });
  }

  // Takes no further work, and drops what has not begun. [control]
  void close() noexcept { open_->is_closed.store(true, std::memory_order_release); }
  bool is_idle() const noexcept { return open_->tasks.load(std::memory_order_acquire) == 0; }  // [any thread]

 private:
  struct State {
    std::atomic<bool> is_closed{false};
    std::atomic<int> tasks{0};
  };
  struct Token {
    explicit Token(std::shared_ptr<State> of) : state(std::move(of)) { state->tasks.fetch_add(1); }
    ~Token() { state->tasks.fetch_sub(1, std::memory_order_acq_rel); }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;
    const std::shared_ptr<State> state;
  };

  WorkerPool& pool_;
  const std::shared_ptr<State> open_;
};

}  // namespace p2p::host
