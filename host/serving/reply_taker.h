// Who waits for another node's reply?
#pragma once

#include <p2p/result.h>

#include <string_view>
#include <utility>

namespace p2p::host {

// Is told exactly once, on its own loop, unless that ends before.
class ReplyTaker {
 public:
  virtual ~ReplyTaker() = default;
  // `reply` is the whole message, in strict binary; it holds during the call only.
  virtual void replied(std::string_view reply) = 0;
  virtual void failed(Error error) = 0;
  // The same, and nothing of the call was handed to the system: it has not been executed, whatever the error's kind.
  virtual void failed_unsent(Error error) { failed(std::move(error)); }
  // The loop has ended, and nobody will tell it any more.
  virtual void dropped() noexcept {}
  // Asked when the call's turn to be sent has come: one that nobody wants is not sent, and fails as cancelled.
  virtual bool is_wanted() const noexcept { return true; }
};

}  // namespace p2p::host
