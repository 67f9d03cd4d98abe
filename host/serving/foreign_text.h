// How is a text shown that a stranger may have had a part in, as the name of a method that is none? Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace p2p::host {

// What fits a line of a terminal or two; names in it may be as long as a message.
inline constexpr std::size_t kForeignTextBytesMax = 1'000;

// The text as valid UTF-8 without control characters, of `bytes_max` bytes at most: each byte that is neither becomes
// '?', and "..." ends what was cut. A Thrift string that is no UTF-8 makes Python's readers refuse all of its message.
std::string foreign_text(std::string_view text, std::size_t bytes_max = kForeignTextBytesMax);

// What is wrong with a text that has to be shown as it is: "must be valid UTF-8", "must not contain control
// characters"; "": nothing.
const char* fault_of_text(std::string_view text) noexcept;

}  // namespace p2p::host
