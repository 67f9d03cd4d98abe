#include <p2p/assert.h>

#include <cstdio>
#include <cstdlib>

namespace p2p {

void assertion_failed(const char* expectation, const char* file, int line) noexcept {
  std::fprintf(stderr, "p2phost: bug at %s:%d: expected: %s\n", file, line, expectation);
  std::abort();
}

}  // namespace p2p
