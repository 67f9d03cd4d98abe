// Who waits for another node's reply?
#pragma once

#include <p2p/result.h>

#include <string_view>
#include <utility>

namespace p2p::host {

// Called exactly once, on the loop that sent the request, unless that loop ends first: then dropped().
class ReplyHandler {
 public:
  virtual ~ReplyHandler() = default;
  // `reply` is the whole message, in strict binary, valid during the call only.
  virtual void replied(std::string_view reply) = 0;
  virtual void failed(Error error) = 0;
  // As failed(), but no byte of the call was handed to the system: it was not executed, whatever the error's kind.
  virtual void failed_unsent(Error error) { failed(std::move(error)); }
  // The loop has ended: no other method will be called.
  virtual void dropped() noexcept {}
  // Asked just before the call is sent: an unwanted call is not sent, and fails as cancelled.
  virtual bool is_wanted() const noexcept { return true; }
};

}  // namespace p2p::host
