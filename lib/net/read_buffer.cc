#include "net/read_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace p2p::net {
namespace {

// A large message's block grows to at most this many times what has arrived: 64 KiB, 256 KiB and 1 MiB, of which 320
// KiB may be copied. Memory that was never written takes no pages.
constexpr std::size_t kRoomFactor = 4;

}  // namespace

ReadBuffer::ReadBuffer(ReadBuffer&& other) noexcept
    : sizes_(other.sizes_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

ReadBuffer& ReadBuffer::operator=(ReadBuffer&& other) noexcept {
  std::swap(sizes_, other.sizes_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  return *this;
}

asio::mutable_buffer ReadBuffer::room(std::size_t message_bytes) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && (message_bytes > size_ - begin_ || end_ == size_)) {
    std::memmove(data_, data_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const bool is_known = message_bytes > end_;
  const std::size_t needed = is_known ? std::min(message_bytes, std::max(kRoomFactor * end_, sizes_.first)) : end_ + 1;
  if (size_ < needed) {
    // At least twice as large, so that a message that arrives in small parts is moved a few times only.
    const std::size_t grown = std::max({needed, 2 * size_, sizes_.first});
    resize(is_known ? std::min(grown, std::max(message_bytes, sizes_.first)) : grown);
  }
  return {data_ + end_, size_ - end_};
}

void ReadBuffer::adapt() {
  const bool was_full = size_ > 0 && end_ == size_;
  if (begin_ == end_) begin_ = end_ = 0;
  if (was_full && size_ < sizes_.usual_max) {
    resize(2 * size_);
  } else if (end_ == 0 && size_ > sizes_.usual_max) {
    reset();
    resize(sizes_.usual_max);
  }
}

void ReadBuffer::reset() noexcept {
  std::free(std::exchange(data_, nullptr));
  size_ = begin_ = end_ = 0;
}

void ReadBuffer::resize(std::size_t bytes) {
  void* const moved = std::realloc(data_, bytes);
  if (moved == nullptr) throw std::bad_alloc();
  data_ = static_cast<char*>(moved);
  size_ = bytes;
}

}  // namespace p2p::net
