#include "trial/trial.h"

#include "files/owned_descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <stdexcept>

namespace p2p::host {
namespace {

using Clock = std::chrono::steady_clock;

// A longer line in a report helps nobody.
constexpr std::size_t kSeenBytesMax = 4096;
constexpr std::size_t kMendBytesMax = 1024;
constexpr std::size_t kStepBytesMax = 256;
// How much of a child's output is read: a node's short runs write far less.
constexpr std::size_t kOutputBytesMax = 1 << 20;
// Lines of output quoted from a child that died.
constexpr std::size_t kLastLines = 3;
constexpr std::size_t kLastWordsBytesMax = 400;
// How often the parent checks whether a new step has begun.
constexpr int kLookMs = 50;

template <std::size_t size>
void put(std::array<char, size>& into, std::string_view text) {
  into[text.copy(into.data(), size - 1)] = '\0';
}

}  // namespace

struct Trial::Page {
  struct SharedVerdict {
    std::atomic<bool> is_set{false};
    TrialOutcome outcome = TrialOutcome::failed;
    std::array<char, kSeenBytesMax> seen{};
    std::array<char, kMendBytesMax> mend{};

    void set(const Verdict& given) {
      outcome = given.outcome;
      put(seen, given.seen);
      put(mend, given.mend);
      is_set.store(true);
    }
    Verdict get() const { return {outcome, seen.data(), mend.data()}; }
  };

  std::atomic<std::uint32_t> steps{0};
  std::array<char, kStepBytesMax> step{};
  SharedVerdict provisional;
  SharedVerdict verdict;
};

void Trial::step(std::string_view what) {
  const std::lock_guard hold(mutex_);
  put(page_.step, what);
  page_.steps.fetch_add(1);
}

void Trial::set_provisional(const Verdict& verdict) { page_.provisional.set(verdict); }
void Trial::clear_provisional() { page_.provisional.is_set.store(false); }

std::string Trial::output(std::size_t from) const {
  std::string text(kOutputBytesMax, '\0');
  const ssize_t count = ::pread(output_, text.data(), text.size(), static_cast<off_t>(from));
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

namespace {

[[noreturn]] void refuse(const char* call) {
  throw std::runtime_error(fmt::format("{} failed: {}", call, std::strerror(errno)));
}

// What the parent owns of a trial; always released.
class Arena final {
 public:
  Arena() {
    void* memory = ::mmap(nullptr, sizeof(Trial::Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) refuse("mmap");
    page_ = new (memory) Trial::Page;
    if (!output_.is_open()) refuse("memfd_create");
  }
  ~Arena() { ::munmap(page_, sizeof(Trial::Page)); }

  Trial::Page& page() { return *page_; }
  int output() const { return output_.number(); }

 private:
  Trial::Page* page_;
  const OwnedDescriptor output_{::memfd_create("p2phost-validate", MFD_CLOEXEC)};
};

[[noreturn]] void be_the_child(Arena& arena, const std::string& folder, pid_t parent,
                               const std::function<Verdict(Trial&)>& body) {
  ::setpgid(0, 0);  // so that its children end with it
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // the parent was gone before that
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const bool is_set_up = ::chdir(folder.c_str()) == 0 && nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 &&
                         ::dup2(arena.output(), STDOUT_FILENO) >= 0 && ::dup2(arena.output(), STDERR_FILENO) >= 0;
  if (!is_set_up) ::_exit(1);
  ::close(nothing);
  Trial trial(arena.page(), arena.output());
  Verdict verdict;
  try {
    verdict = body(trial);
  } catch (const std::exception& failure) {
    verdict = broken(fmt::format("the check itself failed: {}", failure.what()));
  } catch (...) {
    verdict = broken("an exception that is no std::exception came through");
  }
  arena.page().verdict.set(verdict);
  ::_exit(0);  // exit() would run destructors of a plugin that may be broken
}

constexpr const char* kMendHang =
    "Let it return: what waits or takes long belongs on a thread of Context::spawn, on the pool or on a Strand, and "
    "what it "
    "waits for may never come";
constexpr const char* kMendEnd =
    "Nothing of a plugin may end the process: no exit() and abort(), no exception out of a destructor, a static "
    "constructor "
    "or stop(); a debugger, or a build with -fsanitize=address, shows where it crashes";

double in_seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

// Waits until the child has ended, or kills it when its time is over. Returns why it was killed, or "".
std::string watch(pid_t child, const Trial::Page& page, const TrialLimits& limits) {
  // glibc 2.36 declares pidfd_open() without C linkage.
  const OwnedDescriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!handle.is_open()) refuse("pidfd_open");
  const auto begun = Clock::now();
  auto step_begun = begun;
  std::uint32_t step = page.steps.load();
  std::string why;
  pollfd ended{handle.number(), POLLIN, 0};
  while (::poll(&ended, 1, kLookMs) <= 0) {
    const auto now = Clock::now();
    if (page.steps.load() != step) {
      step = page.steps.load();
      step_begun = now;
    }
    if (now - step_begun >= limits.step) why = fmt::format("within {:g} s", in_seconds(limits.step));
    if (now - begun >= limits.all) why = fmt::format("within {:g} s in all", in_seconds(limits.all));
    if (why.empty()) continue;
    ::kill(-child, SIGKILL);
    break;
  }
  return why;
}

std::string last_words(const std::string& output) {
  std::string words;
  std::size_t end = output.size();
  for (std::size_t lines = 0; lines < kLastLines && end > 0;) {
    const std::size_t begin = end < 2 ? std::string::npos : output.rfind('\n', end - 2);
    const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
    std::string line = output.substr(first, end - first);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    if (!line.empty()) {
      words = words.empty() ? line : line + " | " + words;
      ++lines;
    }
    end = first;
  }
  if (words.size() > kLastWordsBytesMax) words = "..." + words.substr(words.size() - kLastWordsBytesMax);
  return words.empty() ? "" : fmt::format("; it wrote: {}", words);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("ended the process by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("ended the process with exit code {}", WEXITSTATUS(status));
}

}  // namespace

TrialEnd run_trial(const std::string& folder, const std::function<Verdict(Trial&)>& body, TrialLimits limits) {
  Arena arena;
  std::cout.flush();
  std::cerr.flush();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) refuse("fork");
  if (child == 0) be_the_child(arena, folder, parent, body);
  const std::string overdue = watch(child, arena.page(), limits);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-child, SIGKILL);  // children that it left behind

  Trial::Page& page = arena.page();
  if (overdue.empty() && page.verdict.is_set.load()) return {page.verdict.get(), true};
  if (page.provisional.is_set.load()) return {page.provisional.get(), false};
  const std::string step = page.step.data();
  const std::string words = last_words(Trial(page, arena.output()).output());
  if (!overdue.empty()) return {broken(fmt::format("{} did not return {}{}", step, overdue, words), kMendHang), false};
  return {broken(fmt::format("{} {}{}", step, how_it_ended(status), words), kMendEnd), false};
}

}  // namespace p2p::host
