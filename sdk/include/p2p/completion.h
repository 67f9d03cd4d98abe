// How does a callee tell that work which goes on after its return has ended? It keeps the Completion it was given and calls it.
#pragma once

#include <functional>
#include <utility>

namespace p2p {

// Move-only. The function runs exactly once: when called, or at the latest when the last holder lets go of it, so that a
// forgotten or thrown-away Completion never blocks anyone. Calling it a second time does nothing. Not thread-safe in itself:
// one holder at a time; the function may be run on any thread.
class [[nodiscard]] Completion {
 public:
  Completion() = default;
  explicit Completion(std::function<void()> run) : run_(std::move(run)) {}
  Completion(Completion&& other) noexcept : run_(std::exchange(other.run_, nullptr)) {}
  Completion& operator=(Completion&& other) noexcept {
    if (this != &other) {
      finish();
      run_ = std::exchange(other.run_, nullptr);
    }
    return *this;
  }
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() { finish(); }

  void operator()() { finish(); }
  bool pending() const noexcept { return static_cast<bool>(run_); }

 private:
  void finish() {
    if (auto run = std::exchange(run_, nullptr)) run();
  }

  std::function<void()> run_;
};

}  // namespace p2p
