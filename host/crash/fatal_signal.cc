#include "crash/fatal_signal.h"

#include "crash/code_owners.h"
#include "crash/crash_note.h"
#include "files/owned_descriptor.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <ctime>

namespace p2p::host {
namespace {

constexpr std::array kFatalSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// A plugin's frame is within a few dozen of the fault: between them is the C library ending the process.
constexpr unsigned kFramesMax = 256;
// How many words of a stack that cannot be unwound are searched for return addresses.
constexpr std::size_t kStackWordsMax = 4096;

// The handler's data: a signal handler can get no arguments.
std::atomic<bool> is_wanted{false};  // report_fatal_signals() was called
std::atomic<bool> is_journal{false};
std::atomic<int> notes{-1};
std::atomic<pid_t> reporting_thread{0};
volatile std::sig_atomic_t can_give_up = 0;
sigjmp_buf give_up;

// Runs look(what), which reads a stack that may be broken; a fault on the way ends it. Only the reporting thread calls
// this. Not inlined: a jump back leaves variables of the function that called sigsetjmp() undefined, and here it has
// none.
[[gnu::noinline]] void guarded(void (*look)(void* what), void* what) noexcept {
  if (sigsetjmp(give_up, 1) == 0) {
    can_give_up = 1;
    look(what);
  }
  can_give_up = 0;
}

struct Registers {
  std::uintptr_t code;
  std::uintptr_t stack;
};

Registers registers_of(const ucontext_t& context) noexcept {
#if defined(__x86_64__)
  return {static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]),
          static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RSP])};
#elif defined(__aarch64__)
  return {static_cast<std::uintptr_t>(context.uc_mcontext.pc), static_cast<std::uintptr_t>(context.uc_mcontext.sp)};
#else
  return {0, 0};
#endif
}

struct Walk {
  std::uintptr_t fault;
  bool has_passed_fault = false;  // the frames before it are the handler's own
  unsigned frames = 0;
  CodeOwner owner;
};

_Unwind_Reason_Code look_at_frame(_Unwind_Context* frame, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int is_before_instruction = 0;
  const std::uintptr_t address = _Unwind_GetIPInfo(frame, &is_before_instruction);
  if (++walk.frames > kFramesMax) return _URC_END_OF_STACK;
  if (!walk.has_passed_fault) {
    walk.has_passed_fault = address == walk.fault;
    return _URC_NO_REASON;
  }
  // A return address follows its call, which may be the last instruction of its function.
  walk.owner = owner_of(is_before_instruction != 0 ? address : address - 1);
  return walk.owner.is_known() ? _URC_END_OF_STACK : _URC_NO_REASON;
}

// glibc's table of unwind information needs no lock, so this is safe even when the fault came inside the dynamic
// loader.
void walk_frames(void* walk) { _Unwind_Backtrace(look_at_frame, walk); }

struct Scan {
  std::uintptr_t stack;
  CodeOwner owner;
};

// Takes every word of the stack that points into known code for a return address.
void scan_stack(void* argument) {
  auto& scan = *static_cast<Scan*>(argument);
  const std::uintptr_t aligned = scan.stack & ~(sizeof(std::uintptr_t) - 1);
  const auto* words =
      reinterpret_cast<const std::uintptr_t*>(aligned);  // NOLINT(performance-no-int-to-ptr): a register
  for (std::size_t index = 0; index < kStackWordsMax && !scan.owner.is_known(); ++index) {
    scan.owner = owner_of(words[index] - 1);
  }
}

// The nearest code of a plugin or of the host's own program: libraries in between work for one of them.
CodeOwner find_culprit(const Registers& registers) noexcept {
  const CodeOwner culprit = owner_of(registers.code);
  if (culprit.is_known()) return culprit;
  if (const PluginCode* plugin = plugin_being_loaded()) return {plugin, false, registers.code};

  Walk walk{.fault = registers.code, .owner = {}};
  guarded(walk_frames, &walk);
  if (walk.owner.is_known()) return walk.owner;
  // A call through a wild pointer, or a stack that was overwritten.
  Scan scan{registers.stack, {}};
  guarded(scan_stack, &scan);
  return scan.owner;
}

// Its name fits: the kernel keeps 16 bytes with the NUL.
std::array<char, 17> thread_name() noexcept {
  std::array<char, 17> name{};
  ::prctl(PR_GET_NAME, name.data());
  return name;
}

PlainText report_line(int signal, const CodeOwner& culprit, const char* thread) noexcept {
  PlainText line;
  if (is_journal.load()) line.add("<2>");  // critical
  line.add("p2phost: fatal signal ").add_number(static_cast<std::uint64_t>(signal));
  line.add(" (").add(signal_name(signal)).add(") in ");
  if (const PluginCode* plugin = culprit.plugin) {
    line.add("plugin ").add(plugin->name.data()).add(" ").add(plugin->version.data());
    line.add(" (build-id ").add(plugin->build_id[0] != '\0' ? plugin->build_id.data() : "unknown");
    if (plugin->begin == plugin->end) {
      line.add(", while it was being loaded)");
    } else {
      line.add(", offset 0x").add_hex(culprit.address - plugin->base).add(")");
    }
  } else {
    line.add(culprit.is_host ? "the host" : "a library that neither the host nor a plugin was seen to call");
  }
  line.add(", thread ").add(thread).add("\n");
  return line;
}

void report(int signal, const ucontext_t& context) noexcept {
  const CodeOwner culprit = find_culprit(registers_of(context));
  const auto thread = thread_name();
  CrashNote note;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  note.time_s = now.tv_sec;
  note.signal = signal;
  note.thread = thread.data();
  if (culprit.plugin != nullptr) {
    note.plugin = culprit.plugin->name.data();
    note.version = culprit.plugin->version.data();
    note.build_id = culprit.plugin->build_id.data();
  }
  if (const int file = notes.load(); file >= 0) write_all(file, crash_note_line(note).view());
  write_all(STDERR_FILENO, report_line(signal, culprit, thread.data()).view());
}

// After the handler has returned, a fault happens again at the same instruction, now with the default action: the core
// shows the true place. A signal that was sent (by abort(), too) must be sent again, and arrives as soon as the handler
// returns.
void die_of(int signal, const siginfo_t& info) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  if (info.si_code > 0) return;
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::sigprocmask(SIG_BLOCK, &only, nullptr);
  ::raise(signal);
}

void on_fatal_signal(int signal, siginfo_t* info, void* context) {
  const pid_t self = ::gettid();
  pid_t expected = 0;
  if (!reporting_thread.compare_exchange_strong(expected, self)) {
    if (expected != self) {
      for (;;) ::pause();  // the other thread is about to end the process
    }
    if (can_give_up != 0) siglongjmp(give_up, 1);
    return die_of(signal, *info);
  }
  report(signal, *static_cast<const ucontext_t*>(context));
  die_of(signal, *info);
}

}  // namespace

void report_fatal_signals(StderrStyle style) {
  is_wanted.store(true);
  if (!kReportsFatalSignals) return;
  is_journal.store(style == StderrStyle::journal);
  record_host_code();
  // The first walk sets up tables, which must not happen within the handler.
  Walk rehearsal{.fault = 0, .owner = {}};
  _Unwind_Backtrace(look_at_frame, &rehearsal);
  struct sigaction action {};
  action.sa_sigaction = on_fatal_signal;
  // NODEFER: reading a broken stack may fault again, which guarded() takes care of.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int signal : kFatalSignals) ::sigaction(signal, &action, nullptr);
}

Result<Done> note_crashes_in(const std::filesystem::path& file) {
  if (!is_wanted.load()) return Done{};
  const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (opened < 0) {
    return Error{ErrorKind::refused, "cannot write notes of crashes to " + file.native() + ": " + std::strerror(errno)};
  }
  const int before = notes.load();
  if (before < 0) {
    notes.store(opened);
    return Done{};
  }
  // Atomically, so that a crash meanwhile finds a file at this number.
  ::dup3(opened, before, O_CLOEXEC);
  ::close(opened);
  return Done{};
}

}  // namespace p2p::host
