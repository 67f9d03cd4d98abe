#include "ways.h"

#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace crasher {
namespace {

// Volatile: the compiler must not know their values.
int* volatile nothing = nullptr;
volatile int zero = 0;
void (*volatile nowhere)() = nullptr;

// Each call takes a page of the stack, so that it overflows soon.
int recur(int depth) {
  if (zero != 0) return 0;
  volatile char page[4096];
  page[depth % 4096] = 1;
  return recur(depth + 1) + page[0];
}

// Runs while the file is being loaded, before the host knows anything about the plugin.
const bool kCrashesAtLoad = [] {
  if (std::getenv("P2P_CRASH_AT_LOAD") != nullptr) std::abort();
  return false;
}();

}  // namespace

void crash(const std::string& way) {
  if (way == "null" || kCrashesAtLoad) *nothing = 1;
  if (way == "abort") std::abort();
  if (way == "stack") zero = recur(0);
  if (way == "divide") zero = 100 / zero;
  if (way == "wild") nowhere();
  if (way == "throw") std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
  throw std::invalid_argument("no such way: " + way);
}

}  // namespace crasher
