// How many calls of each method have ended, how, and after how long? Counted by each loop for itself; anyone may read.
#pragma once

#include <p2p/units.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace p2p::host {

// What became of a call, for those who count. `timed_out`: its caller got no answer within call_timeout. `refused`: it
// was certainly not executed.
enum class CallEnd : std::uint8_t { done, refused, exception, unknown_method, protocol_error, timed_out };
inline constexpr std::array<const char*, 6> kCallEndWords{"done",           "refused",        "exception",
                                                          "unknown_method", "protocol_error", "timed_out"};

// Upper ends of the buckets of durations, in nanoseconds.
inline constexpr std::array<std::int64_t, 13> kCallNanoseconds{
    100'000,    250'000,    500'000,     1'000'000,   2'500'000,     5'000'000,    10'000'000,
    25'000'000, 50'000'000, 100'000'000, 250'000'000, 1'000'000'000, 5'000'000'000};

// Methods of one service that are told apart: the largest interface of ours has twenty. Their names come from clients:
// one is told apart from the first call on that is answered by more than an exception, and by its characters.
inline constexpr std::size_t kMethodsMax = 64;
inline constexpr std::size_t kCountedNameBytesMax = 64;

// "get_all": letters, digits, '_' and '.' of ASCII.
inline bool is_counted_name(std::string_view method) noexcept {
  const auto is_part = [](char one) {
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') || one == '_' ||
           one == '.';
  };
  return !method.empty() && method.size() <= kCountedNameBytesMax && std::ranges::all_of(method, is_part);
}

// A number that one thread changes and any reads.
class OwnCount final {
 public:
  void add(std::int64_t by) noexcept {
    count_.store(count_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::int64_t value() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> count_{0};
};

// On cache lines of its own. Written by its loop only.
struct alignas(64) MethodCounts {
  explicit MethodCounts(std::string_view method) : name(method) {}

  void note(CallEnd end, Duration took) noexcept;

  const std::string name;
  OwnCount nanoseconds;
  std::array<OwnCount, kCallNanoseconds.size() + 1> buckets;  // of all calls; each alone
  std::array<OwnCount, kCallEndWords.size()> ends;            // that of `done` stays 0: the buckets say it
};

// The methods of one service on one loop.
class MethodTable final {
 public:
  MethodTable() : other_("other") {}

  // A method that is new gets counts of its own while there is room, if its name is_counted_name(); else those of
  // "other". [own loop]
  MethodCounts& of(std::string_view method);
  MethodCounts* find(std::string_view method) noexcept;  // null: it is new [own loop]
  MethodCounts& other() noexcept { return other_; }      // [own loop]

  // [any thread]
  template <class Look>
  void for_each(Look look) const {
    const std::size_t known = size_.load(std::memory_order_acquire);
    for (std::size_t at = 0; at < known; ++at) look(*methods_[at]);
    look(other_);
  }

 private:
  std::array<std::unique_ptr<MethodCounts>, kMethodsMax> methods_;  // each is made before size_ says so, and stays
  std::atomic<std::size_t> size_{0};
  std::size_t last_ = 0;  // usually asked for again
  MethodCounts other_;
};

inline void MethodCounts::note(CallEnd end, Duration took) noexcept {
  const std::int64_t ns = took.count();
  std::size_t bucket = 0;
  while (bucket < kCallNanoseconds.size() && ns > kCallNanoseconds[bucket]) ++bucket;
  buckets[bucket].add(1);
  if (ns != 0) nanoseconds.add(ns);
  if (end != CallEnd::done) ends[static_cast<std::size_t>(end)].add(1);
}

inline MethodCounts* MethodTable::find(std::string_view method) noexcept {
  const std::size_t known = size_.load(std::memory_order_relaxed);
  if (last_ < known && methods_[last_]->name == method) return methods_[last_].get();
  for (std::size_t at = 0; at < known; ++at) {
    if (methods_[at]->name == method) return methods_[last_ = at].get();
  }
  return nullptr;
}

inline MethodCounts& MethodTable::of(std::string_view method) {
  if (MethodCounts* found = find(method)) return *found;
  const std::size_t known = size_.load(std::memory_order_relaxed);
  if (known == kMethodsMax || !is_counted_name(method)) return other_;
  methods_[known] = std::make_unique<MethodCounts>(method);
  size_.store(known + 1, std::memory_order_release);
  return *methods_[last_ = known];
}

// What one loop does besides, on a cache line of its own. Written by that loop only.
struct alignas(64) LoopTraffic {
  OwnCount read_bytes;
  OwnCount written_bytes;
  OwnCount connections;    // that were taken
  OwnCount refused_calls;  // that no service has seen: unknown, disabled, draining
  OwnCount http_requests;
  OwnCount http_refusals;  // among them, answered with 4xx or 5xx
};

}  // namespace p2p::host
