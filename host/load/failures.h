// What went wrong, and how often? Failed requests are counted by kind, each kind with the text of its first failure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::load {

enum class Verdict : std::uint8_t {
  good,          // found, stored, erased
  missing,       // a read found nothing
  refused,       // the store rejects the arguments: too large, too many
  not_executed,  // the store could not accept it in time, and certainly did nothing
  unavailable,   // the key's owner did not answer in time; a write may have happened
  failed,        // any other exception: no such service, a missed deadline
  misplaced,     // it answers another request, or has another key's value
  closed,        // the connection ended before the answer
  unanswered,    // nothing came until the load gave up
};
inline constexpr std::size_t kVerdicts = 9;

// "missing", "refused", ...: for people and JSON.
const char* to_text(Verdict verdict) noexcept;

class Failures final {
 public:
  // `words` are kept when they are the first of their kind. `verdict` is not good.
  void count(Verdict verdict, std::string_view words, std::uint64_t times = 1);
  void add(const Failures& other);

  std::uint64_t of(Verdict verdict) const noexcept { return counts_[static_cast<std::size_t>(verdict)]; }
  const std::string& first_of(Verdict verdict) const noexcept { return words_[static_cast<std::size_t>(verdict)]; }
  std::uint64_t total() const noexcept;

 private:
  std::array<std::uint64_t, kVerdicts> counts_{};
  std::array<std::string, kVerdicts> words_;
};

}  // namespace p2p::load
