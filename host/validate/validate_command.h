// p2phost --validate FILE.so [--json]: checks one plugin's file, and starts no node that others could see.
#pragma once

#include "cli/command_line.h"

#include <ostream>

namespace p2p::host {

// Writes the report to `out` and mistakes to `err`, and returns the exit code: done when all rules hold, data when one
// is broken, no_input when there is no such file. Call before any thread is started. [control]
ExitCode validate_command(const CommandLine& command_line, std::ostream& out, std::ostream& err);

}  // namespace p2p::host
