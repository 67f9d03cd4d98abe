#include <p2p/call.h>

namespace p2p {

CallState::~CallState() = default;
Endpoint::~Endpoint() = default;

Call& Call::operator=(Call&& other) noexcept {
  if (this != &other) {
    if (state_ != nullptr) state_->abandon();
    state_ = other.take();
  }
  return *this;
}

}  // namespace p2p
