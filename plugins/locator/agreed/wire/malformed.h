// How does reading foreign bytes end that make no sense? Inside of wire/ alone by an exception, as Thrift's own readers
// do; whoever is called from outside turns both into an Error.
#pragma once

#include <p2p/result.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace p2p::cluster::wire {

struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void refuse(const std::string& why) { throw Malformed(why); }

inline void require(bool holds, const char* why) {
  if (!holds) refuse(why);
}

// What `read` returns, or why it could not.
template <class Read>
auto result_of(Read&& read) -> Result<decltype(read())> {
  try {
    return std::forward<Read>(read)();
  } catch (const std::exception& failure) {
    return Error{ErrorKind::protocol, failure.what()};
  }
}

}  // namespace p2p::cluster::wire
