// What does a node record of a crash? One line in its data folder, written by the signal handler, read at the next
// start.
#pragma once

#include "crash/plain_text.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace p2p::host {

// The views live as long as the text that they were read from.
struct CrashNote {
  std::int64_t time_s = 0;  // since 1970
  int signal = 0;
  std::string_view plugin;  // by its descriptor's name; empty: no plugin crashed
  std::string_view version;
  std::string_view build_id;
  std::string_view thread;  // its name; '?' for what cannot be printed
};

// "time=1732473600 signal=11 plugin=crasher version=0.1.0 build_id=ab12 thread=p2p:worker", with its end of line.
// Spaces and what cannot be printed become '?'. [any thread, signal handler]
PlainText crash_note_line(const CrashNote& note) noexcept;

// Reads such a line, without its end. Nothing when it is something else, or cut short.
std::optional<CrashNote> parse_crash_note(std::string_view line);

// "SIGSEGV" for those signals that report a crash, "a signal" for others. [any thread, signal handler]
std::string_view signal_name(int signal) noexcept;

}  // namespace p2p::host
