// How does a plugin's code outlive its file? What is mapped from a file changes when somebody writes the file in place,
// as `cp` does, and is gone when it is cut. So the process goes on with a copy of its own, at the same addresses and
// under the same name (docs/decisions/0016-plugins-run-from-a-copy.md).
#pragma once

#include <p2p/result.h>

#include <filesystem>

namespace p2p::host {

// Puts copies in the place of all that is mapped of the libraries in `folder`: a plugin, and what it has brought along.
// After an error they go on as they are. No thread may write their variables meanwhile. [control]
Result<Done> copy_code_of(const std::filesystem::path& folder);

}  // namespace p2p::host
