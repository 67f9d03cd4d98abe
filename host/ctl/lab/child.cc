#include "ctl/lab/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;  // NOLINT: of POSIX

namespace p2p::ctl::lab {
namespace {

// What a child ends with that could not become the program.
constexpr int kNotStarted = 127;
constexpr std::size_t kOutputBytesMax = 4'096;  // of run_to_end() that are told

Error system_error(const std::string& what) {
  return {ErrorKind::local, fmt::format("{}: {}", what, std::strerror(errno))};
}

struct Pipe {
  int read = -1;
  int write = -1;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  ~Pipe() {
    for (const int end : {read, write})
      if (end >= 0) ::close(end);
  }
};

// Everything that a child needs, made before the fork: between fork and exec nothing may be allocated.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<std::string> texts;
  std::vector<char*> environment;
  int input = -1;
  int output = -1;
  bool has_network = false;
  int ready = -1;  // of Program::prepare_network: the child writes when it has its network,
  int go = -1;     // and reads until it may go on
  pid_t parent = 0;
};

// [child; only calls that are allowed after the fork of a program with threads]
[[noreturn]] void become(const Prepared& prepared) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) ::_exit(kNotStarted);
  ::signal(SIGPIPE, SIG_DFL);
  char byte = 0;
  if (prepared.has_network) {
    if (::unshare(CLONE_NEWNET) != 0 || ::write(prepared.ready, &byte, 1) != 1 || ::read(prepared.go, &byte, 1) != 1)
      ::_exit(kNotStarted);
  }
  ::dup2(prepared.input, STDIN_FILENO);
  if (prepared.output >= 0) {
    ::dup2(prepared.output, STDOUT_FILENO);
    ::dup2(prepared.output, STDERR_FILENO);
  } else {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  // Not all of ours are closed by an exec: a node that is started again would hold connections of the load.
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(prepared.arguments.front(), prepared.arguments.data(), prepared.environment.data());
  ::_exit(kNotStarted);
}

void prepare_environment(Prepared& prepared, const Program& program) {
  for (const auto& [name, value] : program.environment) prepared.texts.push_back(name + '=' + value);
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view entry = *one;
    const bool is_replaced =
        std::ranges::any_of(program.environment, [&](const auto& pair) { return entry.starts_with(pair.first + '='); });
    if (!is_replaced) prepared.environment.push_back(*one);
  }
  for (std::string& text : prepared.texts) prepared.environment.push_back(text.data());
  prepared.environment.push_back(nullptr);
}

}  // namespace

Result<Child> Child::start(const Program& program) {
  Prepared prepared;
  std::vector<std::string> words = program.command;
  for (std::string& word : words) prepared.arguments.push_back(word.data());
  prepared.arguments.push_back(nullptr);
  prepare_environment(prepared, program);
  Pipe input;
  Pipe ready;
  Pipe go;
  Pipe files;  // closed with the others
  if (program.has_input && !input.open()) return system_error("a pipe");
  if (!program.has_input) files.read = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  prepared.input = program.has_input ? input.read : files.read;
  if (!program.output.empty()) {
    files.write = ::open(program.output.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (files.write < 0) return system_error(program.output);
    prepared.output = files.write;
  }
  prepared.has_network = static_cast<bool>(program.prepare_network);
  if (prepared.has_network && (!ready.open() || !go.open())) return system_error("a pipe");
  prepared.ready = ready.write;
  prepared.go = go.read;
  prepared.parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) become(prepared);
  ::setpgid(pid, pid);  // also here: whoever comes first
  Child child(pid, std::exchange(input.write, -1));
  if (!prepared.has_network) return child;
  ::close(std::exchange(ready.write, -1));
  char byte = 0;
  if (::read(ready.read, &byte, 1) != 1)
    return Error{ErrorKind::local, "the system gives a node no network of its own"};
  if (const auto prepared_it = program.prepare_network(pid); !prepared_it.ok()) return prepared_it.error();
  if (::write(go.write, &byte, 1) != 1) return system_error("a pipe");
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      is_over_(other.is_over_),
      status_(other.status_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill();
  pid_ = std::exchange(other.pid_, -1);
  input_ = std::exchange(other.input_, -1);
  is_over_ = other.is_over_;
  status_ = other.status_;
  return *this;
}

void Child::signal(int number) const {
  if (pid_ > 0 && !is_over_) ::kill(-pid_, number);
}

void Child::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

std::optional<std::string> Child::end() {
  // Its number is its own, and its group's, until it is waited for.
  siginfo_t ended{};
  if (!is_over_ && pid_ > 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      ended.si_pid == pid_)
    kill();
  if (!is_over_) return std::nullopt;
  if (WIFSIGNALED(status_)) return fmt::format("was ended by signal {}", WTERMSIG(status_));
  return fmt::format("ended with {}", WEXITSTATUS(status_));
}

void Child::take_status(int status) {
  is_over_ = true;
  status_ = status;
}

void Child::kill() {
  close_input();
  if (pid_ <= 0 || is_over_) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  take_status(status);
}

Result<Done> run_to_end(const std::vector<std::string>& command) {
  std::string line = fmt::format("{} 2>&1", fmt::join(command, " "));
  std::FILE* const output = ::popen(line.c_str(), "r");  // NOLINT: words of our own
  if (output == nullptr) return system_error(command.front());
  std::string told(kOutputBytesMax, '\0');
  told.resize(std::fread(told.data(), 1, told.size(), output));
  while (!told.empty() && told.back() == '\n') told.pop_back();
  if (::pclose(output) == 0) return Done{};
  return Error{ErrorKind::local, fmt::format("{}: {}", fmt::join(command, " "), told)};
}

}  // namespace p2p::ctl::lab
