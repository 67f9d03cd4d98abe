// How does a plugin's code outlive its file? Code mapped from a file changes when the file is written in place, as `cp`
// does, and is gone when it is truncated. So the process runs its own copy, at the same addresses and under the same
// name (docs/decisions/0016-plugins-run-from-a-copy.md).
#pragma once

#include <p2p/result.h>

#include <filesystem>

namespace p2p::host {

// Replaces all mappings of the libraries in `folder`, a plugin and those it brings along, with copies. After an error
// they stay as they are. No thread may write their variables meanwhile. [control]
Result<Done> copy_code_of(const std::filesystem::path& folder);

}  // namespace p2p::host
