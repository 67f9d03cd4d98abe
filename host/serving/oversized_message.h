// Which message is too large? Describes it for the log from its beginning: its method, what comes before the value that
// exceeds the limit, and that value's size. Pure.
#pragma once

#include <p2p/call.h>

#include <string>
#include <string_view>

namespace p2p::host {

// `begun`: what has arrived of the message, from its first byte on. "a call of put: field 1 is 'key', field 2 has
// 17825792 bytes".
std::string oversized_text(std::string_view begun, Encoding encoding);

}  // namespace p2p::host
