// How does a struct of idl/cluster.thrift stand in a text of its own? In the binary protocol, and nothing behind it.
#pragma once

#include "agreed/wire/limits.h"
#include "agreed/wire/malformed.h"

#include <p2p/handlers.h>

#include <string>
#include <string_view>
#include <utility>

namespace p2p::cluster::wire {

// Reads what `buffer` holds. Throws where it makes no sense, or a list is longer than kElementsMax.
template <class Struct>
void read_struct(MessageBuffer& buffer, Struct& read) {
  constexpr bool kIsStrict = true;  // about message heads, of which there are none
  TypedInput<BinaryProtocol> input(buffer, 0, kElementsMax, kIsStrict, kIsStrict);
  read.read(&input);
}

template <class Struct>
std::string encoded(const Struct& written) {
  Codec codec;
  written.write(&codec.binary_out());
  return std::move(codec.out().block());
}

template <class Struct>
Struct decoded(std::string_view bytes) {
  MessageBuffer buffer;
  buffer.attach(bytes);
  Struct read;
  read_struct(buffer, read);
  require(buffer.unread() == 0, "something follows where nothing may");
  return read;
}

}  // namespace p2p::cluster::wire
