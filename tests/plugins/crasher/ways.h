// The ways in which code ends a process.
#pragma once

#include <string>

namespace crasher {

// "null": writes through a null pointer. "abort": calls abort(). "stack": recurs without end. "divide": by zero.
// "wild": calls through a wild pointer. "throw": lets an exception leave a thread that it starts. Throws
// std::invalid_argument for other words.
void crash(const std::string& way);

}  // namespace crasher
