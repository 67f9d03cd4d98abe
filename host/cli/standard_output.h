// Was everything written that a program had to say? Output is buffered: a full disk or a closed pipe shows when the
// buffer is emptied, which is usually when the program ends and nobody looks.
#pragma once

#include <p2p/result.h>

namespace p2p::host {

// For the begin of main(): where whoever started this process has closed one of the streams 0 to 2, no file or socket
// of ours takes its place, to be written to as if it were that stream. What is written there fails.
void fill_closed_streams() noexcept;

// For the end of main(): empties the buffers of the standard output. The error says why not everything that was
// printed, since the process began, has been written.
Result<Done> finish_output();

}  // namespace p2p::host
