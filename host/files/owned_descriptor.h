// Who closes a file descriptor? The object that holds it.
#pragma once

#include <string_view>
#include <utility>

namespace p2p::host {

class OwnedDescriptor final {
 public:
  explicit OwnedDescriptor(int number = -1) noexcept : number_(number) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~OwnedDescriptor() { close(); }

  int number() const noexcept { return number_; }  // -1: none
  bool is_open() const noexcept { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_;
};

// Writes all of `text`, or as much as the system takes; false: not all. Async-signal-safe.
bool write_all(int descriptor, std::string_view text) noexcept;

}  // namespace p2p::host
