#include "net/write_queue.h"

#include <utility>

namespace p2p::net {

// All of the batch, or as much as the socket takes: then it is waiting.
error_code WriteQueue::write(asio::ip::tcp::socket& socket) {
  while (written_ < batch_.size()) {
    error_code failure;
    const std::size_t sent =
        socket.write_some(asio::buffer(batch_.data() + written_, batch_.size() - written_), failure);
    if (failure == asio::error::would_block || failure == asio::error::try_again) {
      is_waiting_ = true;
      return {};
    }
    if (failure) return failure;
    written_ += sent;
  }
  written_before_ += std::exchange(written_, 0);
  batch_.clear();
  if (batch_.capacity() > kept_bytes_max_) batch_.shrink_to_fit();
  return {};
}

void WriteQueue::reset() noexcept {
  std::string().swap(batch_);
  written_ = 0;
  written_before_ = 0;
  is_waiting_ = false;
}

}  // namespace p2p::net
