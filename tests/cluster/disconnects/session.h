// What does one client ask on one connection, how does it leave, and was every answer its own? Values tell which
// request they belong to, so that none can be taken for another's.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>

namespace disconnects {

struct Course {
  int port = 0;         // of the node that is asked
  int proxy_port = 0;   // where that node finds the other one
  int patience_s = 30;  // for one answer
  int nap_ms_max = 20;
};

// Keys that write_keys() has written, and everybody reads.
inline constexpr std::uint32_t kKeys = 1'000;

struct Tally {
  std::int64_t calls = 0;                        // that were sent as a whole
  std::int64_t answers = 0;                      // with their value
  std::int64_t disconnects = 0;                  // before every answer had been read
  std::map<std::string, std::int64_t> failures;  // answers that say how a call to the other node ended

  void add(const Tally& other);
};

// Writes the keys; throws std::runtime_error when one is not acknowledged.
void write_keys(const Course& course);

// One connection with a few calls, from its beginning to whichever end it takes. Throws std::runtime_error when an
// answer is not the one that was due, or does not come.
Tally run_session(const Course& course, std::uint64_t client, std::mt19937_64& random);

}  // namespace disconnects
