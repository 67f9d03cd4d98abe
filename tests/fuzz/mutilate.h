// What does chance make of a good message? For the tests that feed a fuzzer's entry: the same on every run.
#pragma once

#include "../support/rounds.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace p2p::fuzz {

// One to six changes: bytes replaced, taken out, put in, or a piece of the message once more; one in eight is cut off.
// `message` is not empty, before and after.
inline void mutilate(std::string& message, std::mt19937& random) {
  const std::uint32_t changes = 1 + random() % 6;
  for (std::uint32_t change = 0; change < changes; ++change) {
    const std::size_t at = random() % message.size();
    switch (random() % 5) {
      case 0:
        message[at] = static_cast<char>(random());
        break;
      case 1:
        message[at] = static_cast<char>(random() % 16);
        break;
      case 2:
        message.erase(at, 1 + random() % 4);
        if (message.empty()) message = "x";
        break;
      case 3:
        message.insert(at, 1 + random() % 4, static_cast<char>(random() % 20));
        break;
      default:  // a piece of the message once more: fields that come twice
        message.insert(at, message.substr(at, random() % 24));
        break;
    }
  }
  if (random() % 8 == 0) message.resize(random() % message.size() + 1);
}

}  // namespace p2p::fuzz
