// Who has crashed the process? A handler of the fatal signals names the plugin whose code was running, leaves a note
// for the next start, and lets the process die of the signal as it would have without us: same exit status, same core.
#pragma once

#include <p2p/result.h>

#include <filesystem>

namespace p2p::host {

// Sanitizers report these signals themselves, with more than we could say; their handlers stay.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kReportsFatalSignals = false;
#else
inline constexpr bool kReportsFatalSignals = true;
#endif

// How the line on the standard error begins.
enum class StderrStyle { plain, journal };

// Reports SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT from now on, on the standard error:
//   p2phost: fatal signal 11 (SIGSEGV) in plugin crasher 0.1.0 (build-id 5f2c..., offset 0x1139), thread p2p:worker
// A thread reports an overflow of its own stack only while it has an AlternateStack. Once, before threads start.
// [control]
void report_fatal_signals(StderrStyle style);

// Appends a crash note to `file`, too, which is made with mode 0600; again: to that file instead. The former file is
// kept when this fails. Does nothing in a process that has not asked for reports, as a test's has not: nobody would
// write. [control]
Result<Done> note_crashes_in(const std::filesystem::path& file);

}  // namespace p2p::host
