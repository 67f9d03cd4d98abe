// What must a plugin not change in the process that it shares with all others? Its threads, descriptors, signal
// handlers, folders and locales, compared before and after.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace p2p::host {

// How long something that is ending, such as a joined thread, may stay in the system's tables.
inline constexpr auto kQuietTimeMax = std::chrono::seconds(2);

struct ProcessState {
  // Shown text by kind and name: {"thread 4711", "p2p:x/gc"}, {"descriptor 7", "/etc/hosts"}, {"umask", "0022"}.
  std::map<std::string, std::string> facts;
};

// Whether this process has children that it has not waited for.
bool has_children();

// The state of this process, as the calling thread sees it.
ProcessState look_at_process();

// What was added, changed or removed: "thread 4711 is left (p2p:x/gc)".
std::vector<std::string> find_changes(const ProcessState& before, const ProcessState& now);

// Polls until nothing differs from `before`, or kQuietTimeMax is over; returns what still differs.
std::vector<std::string> find_lasting_changes(const ProcessState& before);

}  // namespace p2p::host
