// What do the machine and the data folder allow this node? Asks the system each time.
#pragma once

#include <Node.h>

#include <cstdint>
#include <filesystem>

namespace p2p::host {

// What the system does not tell is -1. [any thread]
node::Machine machine_status(const std::filesystem::path& data_dir, std::uint32_t connections_max);

}  // namespace p2p::host
