// Which limits does serving keep? The part of the configuration that it needs; names are those of [host].
#pragma once

#include "config/host_config.h"
#include "config/live_duration.h"
#include "net/read_buffer.h"

#include <cstdint>

namespace p2p::host {

struct ServingLimits {
  std::uint64_t frame_bytes_max = 0;
  std::uint32_t connections_max = 0;
  std::uint32_t calls_in_flight_max = 0;  // per connection; beyond it, its bytes wait in the socket
  std::uint64_t reply_bytes_max = 0;      // waiting for one slow reader; beyond it, its requests wait in the socket
  std::uint64_t waiting_bytes_max = 0;    // of all slow clients; beyond it, the slowest connections are closed
  std::uint32_t parked_calls_max = 0;     // per starting service
  LiveDuration call_timeout;
  LiveDuration idle_timeout;
  LiveDuration message_timeout;

  static ServingLimits from(const HostConfig& config) {
    return {config.frame_bytes_max, config.connections_max,   config.calls_in_flight_max,
            config.reply_bytes_max, config.waiting_bytes_max, config.parked_calls_max,
            config.call_timeout,    config.idle_timeout,      config.message_timeout};
  }
};

// What a connection reads into, of a client or of a node. 1 KiB holds eight small requests; 64 KiB is the most that one
// read of a loopback socket returns in practice.
inline constexpr net::ReadBuffer::Sizes kReadBytes{.first = 1024, .usual_max = 64 * 1024};

// What wrapping a client's message into Peer.forward may add to it: heads, field headers, a service's and a method's
// name.
inline constexpr std::uint64_t kPeerHeadroomBytes = 1024;

}  // namespace p2p::host
