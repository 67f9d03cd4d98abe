// How is a text taken apart, and which number does it say? Pure.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace p2p::host {

// What stands between the separators, empty pieces too: one piece at least.
std::vector<std::string_view> split(std::string_view text, std::string_view separator);

// The number that the whole text is; none if it is anything else, or too large.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace p2p::host
