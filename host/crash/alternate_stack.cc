#include "crash/alternate_stack.h"

#include "crash/fatal_signal.h"

#include <sys/mman.h>

#include <csignal>
#include <cstddef>

namespace p2p::host {
namespace {

// The kernel puts up to 12 KiB of registers there, unwinding takes about 8 KiB; unused pages cost nothing.
constexpr std::size_t kStackBytes = 128 * 1024;

}  // namespace

AlternateStack::AlternateStack() noexcept {
  if (!kReportsFatalSignals) return;
  void* memory =
      ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  if (::sigaltstack(&stack, nullptr) == 0) {
    memory_ = memory;
  } else {
    ::munmap(memory, kStackBytes);
  }
}

AlternateStack::~AlternateStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(memory_, kStackBytes);
}

}  // namespace p2p::host
