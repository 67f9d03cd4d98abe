// Who answers HTTP requests? Serving recognises them by the first byte of a connection, and knows of them only where
// they end; what they mean is in http/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::host {

class Loop;
class ReplySink;

struct HttpClient {
  bool is_local = false;         // it runs on this machine
  std::string asked_address{};   // of this node: where the client has connected to
  bool is_beyond_limit = false;  // all places of clients are taken: it gets one answer
};

// What a stream has sent is acknowledged in this time, or its reader has vanished and the connection is closed: a few
// of the kernel's attempts.
inline constexpr std::chrono::milliseconds kVanishedReader{20'000};

// What a connection does after a request.
enum class HttpTaken : std::uint8_t {
  more,    // it takes the next one
  last,    // it takes nothing more, and closes when the answer has left
  stream,  // the answer goes on until it is ended; the connection closes then, or as soon as its client says or ends
           // anything
};

class HttpTaker {
 public:
  virtual ~HttpTaker() = default;

  // A connection speaks HTTP. "": it has a place, until closed(); else it gets this answer, and nothing more.
  // [any thread]
  virtual std::string_view opened(const HttpClient& client) noexcept = 0;
  virtual void closed() noexcept = 0;

  // How long the request at the front of `unread` is; 0: its end has not arrived.
  virtual std::size_t request_bytes(std::string_view unread) const noexcept = 0;
  // Answers it, now or later, by origin.begun() and answered(). A stream is a row of such answers, of which one is
  // always open. [own loop]
  virtual HttpTaken take(Loop& loop, ReplySink& origin, std::string_view request, const HttpClient& client) = 0;
};

}  // namespace p2p::host
