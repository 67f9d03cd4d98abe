#include "files/owned_descriptor.h"

#include <unistd.h>

#include <cerrno>

namespace p2p::host {

void OwnedDescriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

bool write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace p2p::host
