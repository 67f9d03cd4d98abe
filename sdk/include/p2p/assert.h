// How does our own code say what it takes for granted? P2P_ASSERT is always on and is for our bugs only: what the
// network, the disk or an operator hands us is checked with Result, never with this.
#pragma once

#include <p2p/export.h>

namespace p2p {

// Writes file, line and `expectation` to the standard error, then aborts. [any thread]
[[noreturn]] P2P_API void assertion_failed(const char* expectation, const char* file, int line) noexcept;

}  // namespace p2p

#define P2P_ASSERT(condition, expectation) \
  ((condition) ? static_cast<void>(0) : ::p2p::assertion_failed(expectation, __FILE__, __LINE__))
