// What may a plugin not change in the process that it shares with all others? Its threads, descriptors, signal
// handlers, folders and locales, looked at before and after.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace p2p::host {

// How long what is about to end, such as a thread that was joined, may take to be gone from the system's tables.
inline constexpr auto kSettleTimeMax = std::chrono::seconds(2);

struct ProcessState {
  // Shown text by kind and name: {"thread 4711", "p2p:x/gc"}, {"descriptor 7", "/etc/hosts"}, {"umask", "0022"}.
  std::map<std::string, std::string> facts;
};

// Whether this process has started others that it has not waited for.
bool has_children();

// The state of this process, as the calling thread sees it.
ProcessState look_at_process();

// What is there now and was not, or differs, or is gone: "thread 4711 is left (p2p:x/gc)".
std::vector<std::string> find_changes(const ProcessState& before, const ProcessState& now);

// Looks again and again until nothing has changed since `before`, or kSettleTimeMax is over; what has, then.
std::vector<std::string> find_lasting_changes(const ProcessState& before);

}  // namespace p2p::host
