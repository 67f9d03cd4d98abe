// Which message is too large? What its beginning tells of it, for the log: its method, what stands before the value
// that goes too far, and how large that would have been. Pure.
#pragma once

#include <p2p/call.h>

#include <string>
#include <string_view>

namespace p2p::host {

// `begun`: what has come of the message, from its first byte on. "a call of put: field 1 is 'key', field 2 has 17825792
// bytes".
std::string oversized_text(std::string_view begun, Encoding encoding);

}  // namespace p2p::host
