#include "planted.h"

#include <unistd.h>

namespace tenant {

void Planted::wait_for_release() {
  std::unique_lock hold(mutex_);
  changed_.wait(hold, [this] { return is_released_; });
  is_released_ = false;
}

void Planted::release() {
  const std::lock_guard hold(mutex_);
  is_released_ = true;
  changed_.notify_all();
}

Planted& planted() {
  static Planted planted;
  return planted;
}

void clear_planted() {
  Planted& all = planted();
  if (all.thread.joinable()) {
    all.release();
    all.thread.join();
  }
  if (all.descriptor >= 0) ::close(all.descriptor);
  all.descriptor = -1;
  all.reference.reset();
  all.strand.reset();
  all.next = p2p::Next();
}

}  // namespace tenant
