// What does this process hold right now? Its threads and open descriptors, as the kernel lists them; a comparison shows
// what a node has left behind.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace p2p::testing {

struct ProcessState {
  std::map<pid_t, std::string> threads;    // names, by id
  std::map<int, std::string> descriptors;  // what each is open to, as /proc says it: "socket:[4711]", "/etc/hosts"
};

ProcessState look_at_process();  // [any thread]

// One line for each thing that is there now and was not before; descriptors in `not_counted` are skipped.
std::vector<std::string> find_added(const ProcessState& before, const ProcessState& now,
                                    const std::vector<int>& not_counted);

}  // namespace p2p::testing
