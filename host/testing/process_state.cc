#include "testing/process_state.h"

#include <p2p/node_address.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace p2p::testing {
namespace {

namespace fs = std::filesystem;

// The name of an end of a TCP socket, or "" for what is none.
std::string end_of(int descriptor, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  if (ask(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return "";
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  const bool is_v6 = address.ss_family == AF_INET6;
  if (!is_v6 && address.ss_family != AF_INET) return "";
  char text[INET6_ADDRSTRLEN] = {};
  const void* at = is_v6 ? static_cast<const void*>(&v6->sin6_addr) : &v4->sin_addr;
  if (::inet_ntop(address.ss_family, at, text, sizeof text) == nullptr) return "";
  return NodeAddress{text, ntohs(is_v6 ? v6->sin6_port : v4->sin_port)}.name();
}

std::string ends_of(int descriptor) {
  const std::string here = end_of(descriptor, ::getsockname);
  const std::string there = end_of(descriptor, ::getpeername);
  if (here.empty()) return "";
  return " (" + here + (there.empty() ? "" : " to " + there) + ')';
}

}  // namespace

ProcessState look_at_process() {
  ProcessState state;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/proc/self/task", failure)) {
    std::string name;
    std::ifstream file(entry.path() / "comm");
    // A thread that has ended meanwhile has no name any more.
    if (std::getline(file, name)) state.threads.emplace(std::stoi(entry.path().filename()), name);
  }
  const fs::path own = fs::canonical("/proc/self", failure) / "fd";
  for (const auto& entry : fs::directory_iterator(own, failure)) {
    const fs::path target = fs::read_symlink(entry.path(), failure);
    // The walk through the folder needs a descriptor itself.
    if (!failure && target != own) state.descriptors.emplace(std::stoi(entry.path().filename()), target.string());
  }
  return state;
}

std::vector<std::string> find_added(const ProcessState& before, const ProcessState& now,
                                    const std::vector<int>& not_counted) {
  std::vector<std::string> added;
  for (const auto& [id, name] : now.threads) {
    if (!before.threads.contains(id)) added.push_back("thread " + std::to_string(id) + " '" + name + "' still runs");
  }
  for (const auto& [number, target] : now.descriptors) {
    const auto known = before.descriptors.find(number);
    const bool was_there = known != before.descriptors.end() && known->second == target;
    const bool counts = std::find(not_counted.begin(), not_counted.end(), number) == not_counted.end();
    if (was_there || !counts) continue;
    added.push_back("descriptor " + std::to_string(number) + " is still open: " + target + ends_of(number));
  }
  return added;
}

}  // namespace p2p::testing
