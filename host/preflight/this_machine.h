// What are this machine's name and addresses? The system is asked each time.
#pragma once

#include <string>
#include <vector>

namespace p2p::host {

// The name of the machine; "localhost" when it has none.
std::string machine_name();

// The addresses that this machine's own name resolves to.
std::vector<std::string> resolved_addresses();

}  // namespace p2p::host
