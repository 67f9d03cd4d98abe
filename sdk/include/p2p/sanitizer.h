// Which sanitizer a file is compiled for: P2P_SANITIZES_ADDRESS or P2P_SANITIZES_THREAD is defined, or neither. g++
// says it by a macro, Clang by a feature.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define P2P_SANITIZES_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define P2P_SANITIZES_THREAD
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define P2P_SANITIZES_ADDRESS
#elif __has_feature(thread_sanitizer)
#define P2P_SANITIZES_THREAD
#endif
#endif
