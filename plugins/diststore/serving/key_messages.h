// How do the calls for one key look on the wire? read, get, write and put, and their answers, without the generated
// code: keys and values are used where they lie in the message, and answers are written where they leave from. Every
// other call is the generated code's. Fields and their numbers: idl/diststore.thrift.
#pragma once

#include "replication/version.h"

#include <p2p/call.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::diststore {

// Views into the call's message: they hold until its handler returns. What a method does not take is empty.
struct KeyArguments {
  std::string_view key;
  std::string_view value;
};

// What a method must be given.
enum class Required : std::uint8_t { key, key_and_value };

// Reads the arguments; nothing when they make no sense, or one that is required is missing or no text: the call has
// been answered with that then. [rpc]
std::optional<KeyArguments> take_key_arguments(Call& call, Required required);

// Each writes the whole answer into the call's codec; the call is ended by send(). [one thread at a time]
void write_found(Call& call, std::string_view value, Version version, std::int64_t view);  // of read
void write_missing(Call& call, std::int64_t view);                                         // of read
void write_stored(Call& call, Version version, std::int64_t view);                         // of write
void write_text(Call& call, std::string_view value);                                       // of get

// Answers the call with what was written. [any thread]
inline void send(Call call) noexcept { call.take()->finish(); }

}  // namespace p2p::diststore
