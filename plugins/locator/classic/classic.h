// The 2009 system's membership, made safe: `membership = "classic"`. Puts its parts together.
#pragma once

#include "classic/adapter.h"
#include "implementation.h"

#include <p2p/config.h>

namespace p2p::classic {

Result<ring::Implementation> make_classic(Context& context);

// The same from the given parts.
ring::Implementation assemble(Member self, const ClassicOptions& options, Duration call_timeout,
                              membership::Carrier carry);

// What the options mean to the core.
ClassicOptions read_options(const Config& config);

}  // namespace p2p::classic
