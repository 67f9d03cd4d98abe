// Was all output of a program written? Output is buffered: a full disk or a closed pipe shows when the buffer is
// flushed, usually when the program ends and nobody checks.
#pragma once

#include <p2p/result.h>

namespace p2p::host {

// For the beginning of main(): if the parent process has closed one of the streams 0 to 2, keeps any file or socket of
// ours from taking its number, and being written to as that stream. Writes to it fail.
void fill_closed_streams() noexcept;

// For the end of main(): flushes the standard output. The error says why some output since the start of the process was
// not written.
Result<Done> finish_output();

}  // namespace p2p::host
