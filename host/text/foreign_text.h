// How is untrusted text shown, such as the name of an unknown method? Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace p2p::host {

// A few lines of a terminal; names in such texts may be as long as a message.
inline constexpr std::size_t kForeignTextBytesMax = 1'000;

// The text as valid UTF-8 without control characters, of `bytes_max` bytes at most: every other byte becomes '?', and
// "..." marks a cut. A Thrift string with invalid UTF-8 makes Python's readers refuse the whole message.
std::string foreign_text(std::string_view text, std::size_t bytes_max = kForeignTextBytesMax);

// What is wrong with a text that has to be shown as it is: "must be valid UTF-8", "must not contain control
// characters"; "": nothing.
const char* fault_of_text(std::string_view text) noexcept;

}  // namespace p2p::host
