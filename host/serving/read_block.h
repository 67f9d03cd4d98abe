// Where are the bytes that a connection has read? In one block of memory that grows without being zeroed, and in place
// when the system has room there.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace p2p::host {

// Move-only; one thread at a time.
class ReadBlock final {
 public:
  ReadBlock() = default;
  explicit ReadBlock(std::size_t bytes) { resize(bytes); }
  ReadBlock(ReadBlock&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ReadBlock& operator=(ReadBlock&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ReadBlock(const ReadBlock&) = delete;
  ReadBlock& operator=(const ReadBlock&) = delete;
  ~ReadBlock() { std::free(data_); }

  char* data() noexcept { return data_; }
  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // Keeps the bytes that fit; new ones are uninitialized. On std::bad_alloc nothing has changed. `bytes` > 0.
  void resize(std::size_t bytes) {
    void* const moved = std::realloc(data_, bytes);
    if (moved == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(moved);
    size_ = bytes;
  }
  // Gives the memory back.
  void reset() noexcept {
    std::free(std::exchange(data_, nullptr));
    size_ = 0;
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace p2p::host
