// How does a callee report the end of work that continues after its return? It keeps the Completion it was given, and
// calls it when the work is done.
#pragma once

#include <functional>
#include <utility>

namespace p2p {

// Move-only. The function runs exactly once: when called, or at the latest when the Completion is destroyed, so that a
// forgotten one never blocks anyone. To tell the two apart, pass a second function, which runs instead
// of the first when the Completion is destroyed uncalled. Calling it a second time does nothing. Not thread-safe:
// one holder at a time; the function may run on any thread.
class [[nodiscard]] Completion {
 public:
  Completion() = default;
  explicit Completion(std::function<void()> run, std::function<void()> let_go = nullptr)
      : run_(std::move(run)), let_go_(std::move(let_go)) {}
  Completion(Completion&& other) noexcept
      : run_(std::exchange(other.run_, nullptr)), let_go_(std::exchange(other.let_go_, nullptr)) {}
  Completion& operator=(Completion&& other) noexcept {
    if (this != &other) {
      let_go();
      run_ = std::exchange(other.run_, nullptr);
      let_go_ = std::exchange(other.let_go_, nullptr);
    }
    return *this;
  }
  ~Completion() { let_go(); }

  void operator()() {
    let_go_ = nullptr;
    if (auto run = std::exchange(run_, nullptr)) run();
  }
  bool pending() const noexcept { return static_cast<bool>(run_); }

 private:
  void let_go() {
    auto instead = std::exchange(let_go_, nullptr);
    auto run = std::exchange(run_, nullptr);
    if (instead) {
      instead();
    } else if (run) {
      run();
    }
  }

  std::function<void()> run_;
  std::function<void()> let_go_;  // only while run_ is set
};

}  // namespace p2p
