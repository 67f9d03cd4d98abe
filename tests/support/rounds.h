// How often a test tries what chance finds. An instrumented program takes many times as long, and what a sanitizer
// reports shows in the first rounds: it runs a tenth. The release build runs all.
#pragma once

#include <p2p/sanitizer.h>

namespace p2p {

#if defined(P2P_SANITIZES_ADDRESS) || defined(P2P_SANITIZES_THREAD)
inline constexpr int kRoundsShare = 10;
#else
inline constexpr int kRoundsShare = 1;
#endif

}  // namespace p2p
