#include "files/owned_descriptor.h"

#include <unistd.h>

namespace p2p::host {

void OwnedDescriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace p2p::host
