#include "engine/call.h"

namespace p2p::client {

CallPool::~CallPool() {
  for (Call* call : free_) delete call;
}

Call* CallPool::take() {
  if (!forks_.is_in_child()) {
    const std::lock_guard hold(mutex_);
    if (!free_.empty()) {
      Call* call = free_.back();
      free_.pop_back();
      return call;
    }
  }
  return new Call;
}

void CallPool::give(Call* call) noexcept {
  if (forks_.is_in_child()) {
    delete call;
    return;
  }
  call->handler.reset();
  call->last.reset();
  call->to.reset();
  call->key.clear();
  call->since_view.reset();
  call->aim = Aim::owner;
  call->is_repeatable = call->has_operation = call->may_have_run = call->is_listed = false;
  call->state = CallState::idle;
  call->attempts = 0;
  call->link = nullptr;
  call->avoided = nullptr;
  if (call->frame.capacity() > kPooledFrameBytesMax) std::string().swap(call->frame);
  call->frame.clear();
  if (call->key.capacity() > kPooledFrameBytesMax) std::string().swap(call->key);
  const std::lock_guard hold(mutex_);
  if (free_.size() < kPooledCallsMax) {
    if (free_.capacity() == 0) free_.reserve(kPooledCallsMax);
    free_.push_back(call);
    return;
  }
  delete call;
}

}  // namespace p2p::client
