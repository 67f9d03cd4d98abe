// Members that agree on one cluster map: `mode = "agreed"`. Puts its parts together.
#pragma once

#include "implementation.h"

#include <p2p/config.h>

namespace p2p::agreed {

// Opens the node's folder, and begins a new boot there. An error refuses the start: another process holds the folder,
// or what is in it is damaged.
Result<ring::Implementation> make_agreed(Context& context);

// What is wrong with the options that belong to this mode, if anything.
Result<Done> check_options(const Config& config);

}  // namespace p2p::agreed
