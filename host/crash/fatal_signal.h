// What crashed the process? A handler of the fatal signals names the plugin whose code was running, leaves a note for
// the next start, and lets the process die of the signal as it would without us: same exit status, same core.
#pragma once

#include <p2p/result.h>
#include <p2p/sanitizer.h>

#include <filesystem>

namespace p2p::host {

// Sanitizers report these signals themselves, with more than we could say; their handlers stay.
#if defined(P2P_SANITIZES_ADDRESS) || defined(P2P_SANITIZES_THREAD)
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

// Also appends a crash note to `file`, which is made with mode 0600; a further call switches to that file, or keeps the
// former one on failure. Does nothing in a process that did not call report_fatal_signals(), such as a test. [control]
Result<Done> note_crashes_in(const std::filesystem::path& file);

}  // namespace p2p::host
