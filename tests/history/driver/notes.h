// What does a person want to know while it runs? Lines on stderr, a limited number of them. [any thread]
#pragma once

#include "driver/settings.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <string_view>

namespace p2p::history {

class Notes final {
 public:
  void say(std::string_view text) {
    const int number = ++count_;
    if (number > kNotesMax) return;
    fmt::print(stderr, "p2phistory: {}{}\n", text, number == kNotesMax ? " (the last of these lines)" : "");
  }

 private:
  std::atomic<int> count_{0};
};

}  // namespace p2p::history
