// Who answers HTTP requests? Serving recognises them by the first byte of a connection, and knows of them only where
// they end; what they mean is in http/.
#pragma once

#include <cstddef>
#include <string_view>

namespace p2p::host {

class Loop;
class ReplySink;

class HttpTaker {
 public:
  virtual ~HttpTaker() = default;

  // A connection speaks HTTP; false: too many do already, and it gets the answer of full() instead. Paired with
  // closed(). [any thread]
  virtual bool opened() noexcept = 0;
  virtual void closed() noexcept = 0;
  virtual std::string_view full() const noexcept = 0;

  // How long the request at the front of `unread` is; 0: its end has not arrived.
  virtual std::size_t request_bytes(std::string_view unread) const noexcept = 0;
  // Answers it, now or later, by origin.begun() and answered(). `is_loopback`: it came from this machine. False: the
  // connection takes nothing more. [own loop]
  virtual bool take(Loop& loop, ReplySink& origin, std::string_view request, bool is_loopback) = 0;
};

}  // namespace p2p::host
