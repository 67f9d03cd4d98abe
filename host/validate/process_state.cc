#include "validate/process_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <locale>
#include <string_view>
#include <thread>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;
using Facts = std::map<std::string, std::string>;

constexpr auto kLookAgain = std::chrono::milliseconds(5);

std::string first_line(const fs::path& path) {
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  return line;
}

template <class Pointer>
std::string shown(Pointer pointer) {
  return fmt::format("{:#x}", reinterpret_cast<std::uintptr_t>(pointer));
}

std::string shown_handler(const struct sigaction& action) {
  if (action.sa_handler == SIG_DFL) return "the default";
  if (action.sa_handler == SIG_IGN) return "to ignore it";
  // One field holds either kind.
  return fmt::format("{}, flags {:#x}", shown(action.sa_handler), static_cast<unsigned>(action.sa_flags));
}

void add_threads(Facts& facts) {
  std::error_code failure;
  for (const auto& task : fs::directory_iterator("/proc/self/task", failure)) {
    facts["thread " + task.path().filename().string()] = first_line(task.path() / "comm");
  }
}

void add_descriptors(Facts& facts) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", failure)) {
    const std::string target = fs::read_symlink(entry.path(), failure).string();
    // The one by which this folder is being read is closed by now, or will be.
    if (!failure && !(target.starts_with("/proc/") && target.ends_with("/fd"))) {
      facts["descriptor " + entry.path().filename().string()] = target;
    }
  }
}

void add_signals(Facts& facts) {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    facts[fmt::format("handler of signal {} ({})", number, ::strsignal(number))] = shown_handler(action);
  }
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  std::string numbers;
  for (int number = 1; number < NSIG; ++number) {
    if (::sigismember(&blocked, number) == 1) numbers += fmt::format(" {}", number);
  }
  facts["blocked signals"] = "{" + numbers + " }";
}

void add_environment(Facts& facts) {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::size_t equals = std::min(text.find('='), text.size());
    facts["environment variable " + std::string(text.substr(0, equals))] = std::string(text.substr(equals));
  }
}

void add_process_wide(Facts& facts) {
  std::error_code failure;
  facts["current folder"] = fs::current_path(failure).string();
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Umask:")) facts["umask"] = line.substr(line.find_first_of("01234567"));
  }
  const char* locale = std::setlocale(LC_ALL, nullptr);
  facts["C locale"] = locale != nullptr ? locale : "unknown";
  facts["C++ locale"] = std::locale().name();
  facts["terminate handler"] = shown(std::get_terminate());
  facts["new handler"] = shown(std::get_new_handler());
  facts["spdlog's default logger"] = shown(spdlog::default_logger_raw());
}

}  // namespace

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

ProcessState look_at_process() {
  ProcessState state;
  add_threads(state.facts);
  add_descriptors(state.facts);
  add_signals(state.facts);
  state.facts["child processes"] = has_children() ? "some" : "none";
  add_environment(state.facts);
  add_process_wide(state.facts);
  return state;
}

std::vector<std::string> find_changes(const ProcessState& before, const ProcessState& now) {
  std::vector<std::string> changes;
  for (const auto& [name, value] : now.facts) {
    const auto known = before.facts.find(name);
    if (known == before.facts.end()) {
      changes.push_back(fmt::format("{} is left ({})", name, value));
    } else if (known->second != value) {
      changes.push_back(fmt::format("{} is {}, was {}", name, value, known->second));
    }
  }
  for (const auto& [name, value] : before.facts) {
    if (!now.facts.contains(name)) changes.push_back(fmt::format("{} is gone ({})", name, value));
  }
  return changes;
}

std::vector<std::string> find_lasting_changes(const ProcessState& before) {
  const auto end = std::chrono::steady_clock::now() + kQuietTimeMax;
  for (;;) {
    auto changes = find_changes(before, look_at_process());
    if (changes.empty() || std::chrono::steady_clock::now() >= end) return changes;
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace p2p::host
