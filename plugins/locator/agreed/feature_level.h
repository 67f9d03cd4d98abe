// Which messages and rules does this program know (M7)? The level in force in a cluster is the lowest of its members'.
#pragma once

#include <cstdint>

namespace p2p::agreed {

// One more for each release that brings what members use only once all of them know it. A function, and not a
// constant, so that a test can link the plugin as a later release will be.
//   2  values with a time to live (docs/decisions/0037); members that take no further copies (docs/decisions/0041);
//      operations of clients that copies remember (docs/decisions/0044)
std::uint32_t feature_level() noexcept;

}  // namespace p2p::agreed
