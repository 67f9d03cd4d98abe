// Who closes a socket? Its owner, when it ends, unless it was closed or reset before.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace disconnects {

class Descriptor final {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const noexcept { return number_; }
  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  // The other side sees the connection broken instead of ended.
  void reset() noexcept {
    const linger at_once{1, 0};
    ::setsockopt(number_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  int number_;
};

// A connection to 127.0.0.1:`port`, or one that is not open. `patience_s`: how long a read or write may take.
Descriptor connect_to(int port, int patience_s);

}  // namespace disconnects
