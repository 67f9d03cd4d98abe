#include "kinds.h"

#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <sstream>
#include <stdexcept>

namespace work {
namespace {

Outcome count_words(const JobName&, const std::string& payload, std::stop_token) {
  std::istringstream text(payload);
  std::size_t words = 0;
  for (std::string word; text >> word;) ++words;
  return {true, std::to_string(words), {}};
}

Outcome checksum(const JobName&, const std::string& payload, std::stop_token) {
  constexpr std::uint32_t kPolynomial = 0xEDB88320;  // of Ethernet and zip
  std::uint32_t rest = 0xFFFFFFFF;
  for (const char byte : payload) {
    rest ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
  }
  return {true, fmt::format("{:08x}", ~rest), {}};
}

std::chrono::milliseconds milliseconds_of(const std::string& payload) {
  constexpr int kMillisecondsMax = 3'600'000;
  int milliseconds = 0;
  const char* end = payload.data() + payload.size();
  const auto read = std::from_chars(payload.data(), end, milliseconds);
  const bool is_number = read.ec == std::errc() && read.ptr == end;
  if (!payload.empty() && (!is_number || milliseconds < 0 || milliseconds > kMillisecondsMax)) {
    throw std::invalid_argument("the payload of 'append' is empty or a number of milliseconds, up to an hour");
  }
  return std::chrono::milliseconds(milliseconds);
}

Outcome append(const JobName& name, const std::string& payload, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock hold(mutex);
  never.wait_for(hold, stop, milliseconds_of(payload), [] { return false; });  // a sleep that `stop` ends
  return {true, name.id, {name.id}};
}

}  // namespace

JobKinds built_in_kinds() { return {{"count_words", count_words}, {"checksum", checksum}, {"append", append}}; }

}  // namespace work
