#include "serving/send_allowance.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

namespace p2p::host {
namespace {

void set_unsent_bytes_max(StreamSocket& socket, int bytes) noexcept {
  using UnsentBytesMax = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
  error_code ignored;
  socket.set_option(UnsentBytesMax(bytes), ignored);
}

// Bytes that the kernel has taken and not sent; nothing when it does not say.
int unsent_bytes(StreamSocket& socket) noexcept {
  int bytes = 0;
  return ::ioctl(socket.native_handle(), SIOCOUTQNSD, &bytes) == 0 ? bytes : 0;
}

}  // namespace

void SendAllowance::write_ends(StreamSocket& socket, std::size_t bytes, TimePoint now) noexcept {
  const auto steps = static_cast<std::int64_t>(bytes / kUnsentBytesMax);
  if (is_wide_ || steps < 2 || now - begun_at_ > steps * kPromptly || !wide_.take()) return;
  is_wide_ = true;
  set_unsent_bytes_max(socket, kUnsentBytesMaxWide);
}

void SendAllowance::look(StreamSocket& socket, bool is_writing, TimePoint idle_since, TimePoint now) noexcept {
  if (!is_wide_ || now - (is_writing ? begun_at_ : idle_since) <= kSlowly) return;
  set_unsent_bytes_max(socket, kUnsentBytesMax);
  if (unsent_bytes(socket) <= kUnsentBytesMax) release();
}

void SendAllowance::release() noexcept {
  if (!is_wide_) return;
  is_wide_ = false;
  wide_.give_back();
}

}  // namespace p2p::host
