// How far has a hand-over got? What a node's gauges say about it, as one line for a terminal. Pure.
#pragma once

#include <Node.h>

#include <cstdint>
#include <optional>
#include <string>

namespace p2p::ctl {

struct Moving {
  std::int64_t keys_done = 0;
  std::int64_t keys_left = 0;
  std::int64_t bytes_done = 0;
  std::int64_t bytes_left = 0;
  std::int64_t keys_per_s = 0;
  std::int64_t ms_left = 0;
};

// None when no keys are on the move.
std::optional<Moving> moving_of(const node::ServiceStatus& service);
bool is_moving_gauge(const std::string& name);

// "1200 of about 5000 keys (0.1 of 0.5 MiB), 98000 keys/s, 1 s left"
std::string moving_text(const Moving& moving);

// "[######..........................]  20 %  " and the text, of at most `columns` characters.
std::string move_bar(const Moving& moving, std::size_t columns);

}  // namespace p2p::ctl
