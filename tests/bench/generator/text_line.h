// Where does the first line of a text protocol end, and is the value behind it the right one?
#pragma once

#include "load/wire.h"

#include <optional>
#include <string_view>

namespace p2p::bench {

inline constexpr std::size_t kLineEnd = 2;  // "\r\n"

// The first line of what was received, without its end; nothing while it is not whole.
inline std::optional<std::string_view> first_line(std::string_view received) {
  const auto end = received.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return received.substr(0, end);
}

inline load::Reply reply_with_value(std::size_t length, std::string_view value, const load::Dataset& data,
                                    std::uint64_t number, load::ValueCheck check) {
  const bool is_right =
      check == load::ValueCheck::bytes ? data.is_value_of(number, value) : value.size() == data.value_bytes;
  if (is_right) return {length, load::Verdict::good, {}};
  return {length, load::Verdict::misplaced, "key " + data.key(number) + " has a value that no load stored"};
}

}  // namespace p2p::bench
