// How much memory does a block from the heap take? As glibc's allocator counts: with its header, in steps of 16 bytes,
// and in whole pages where it asks the system for each block. What it keeps of freed blocks is not in it.
#pragma once

#include <cstddef>

namespace p2p::diststore {

constexpr std::size_t heap_bytes(std::size_t asked) noexcept {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kStep = 16;
  constexpr std::size_t kLeast = 32;
  constexpr std::size_t kOwnMapping = 128 * 1024;
  constexpr std::size_t kPage = 4096;
  const std::size_t step = asked >= kOwnMapping ? kPage : kStep;
  const std::size_t whole = (asked + kHeader + step - 1) & ~(step - 1);
  return whole < kLeast ? kLeast : whole;
}

}  // namespace p2p::diststore
