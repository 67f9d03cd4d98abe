#include "process/signal_watch.h"

#include "process/node.h"
#include "runtime/host_logger.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace p2p::host {
namespace {

constexpr std::array kHeld = {SIGHUP, SIGUSR1};
constexpr std::array kIgnored = {SIGUSR2, SIGPIPE, SIGXFSZ};
constexpr std::array kEnding = {SIGTERM, SIGINT};

// Not a signal number: the watch ends.
constexpr char kNoMore = 0;

// A handler takes no arguments. The pipe and the handlers of kHeld stay until the process ends: no signal ever goes
// unhandled. A signal that does not fit into the pipe is one of thousands of its kind.
std::array<int, 2> arrivals{-1, -1};
std::array<struct sigaction, kHeld.size() + kIgnored.size()> before{};

void tell(char what) noexcept {
  const int error = errno;
  (void)!::write(arrivals[1], &what, 1);
  errno = error;
}

void on_signal(int signal) { tell(static_cast<char>(signal)); }

void handle(int signal, void (*handler)(int), struct sigaction* former = nullptr, int flags = SA_RESTART) noexcept {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, former);
}

// For the calling thread and those that it starts from now on.
void mask_handled(int how) noexcept {
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int signal : kHeld) ::sigaddset(&handled, signal);
  for (const int signal : kEnding) ::sigaddset(&handled, signal);
  ::pthread_sigmask(how, &handled, nullptr);
}

}  // namespace

void hold_signals() noexcept {
  // Only the writing end is non-blocking: the reader has a thread of its own.
  if (::pipe2(arrivals.data(), O_CLOEXEC) == 0) ::fcntl(arrivals[1], F_SETFL, O_NONBLOCK);
  std::size_t index = 0;
  for (const int signal : kHeld) handle(signal, arrivals[1] < 0 ? SIG_IGN : on_signal, &before[index++]);
  for (const int signal : kIgnored) handle(signal, SIG_IGN, &before[index++]);
  handle(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

void release_signals() noexcept {
  std::size_t index = 0;
  for (const int signal : kHeld) ::sigaction(signal, &before[index++], nullptr);
  for (const int signal : kIgnored) ::sigaction(signal, &before[index++], nullptr);
}

SignalWatch::SignalWatch(Node& node) : node_(node), log_(make_logger("host", LogLevel::info)) {
  // Each one interrupts the watch's read(), so that ThreadSanitizer, which defers handlers, runs them.
  constexpr int kInterrupt = 0;
  for (const int signal : kHeld) handle(signal, on_signal, nullptr, kInterrupt);
  for (const int signal : kEnding) handle(signal, on_signal, nullptr, kInterrupt);
  thread_ = std::thread([this] { run(); });
  // Only the watch is interrupted.
  mask_handled(SIG_BLOCK);
}

SignalWatch::~SignalWatch() {
  // A process that is slow to end can still be ended by a signal.
  for (const int signal : kEnding) handle(signal, SIG_DFL);
  mask_handled(SIG_UNBLOCK);
  tell(kNoMore);
  thread_.join();
}

void SignalWatch::run() {
  for (;;) {
    char arrived = kNoMore;
    const ssize_t count = ::read(arrivals[0], &arrived, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || arrived == kNoMore) return;
    apply(arrived);
  }
}

void SignalWatch::apply(int signal) {
  if (signal == SIGHUP || signal == SIGUSR1) {
    if (const auto opened = reopen_log(); !opened.ok()) log_->error("{}", opened.error().text);
    if (signal == SIGHUP) node_.request_reload("SIGHUP");
    return;
  }
  if (was_asked_) ::_exit(128 + signal);
  was_asked_ = true;
  node_.request_leave(signal == SIGINT ? "SIGINT" : "SIGTERM");
}

}  // namespace p2p::host
