// What does a struct say, by Thrift's own protocols? Structs of every kind of field, written at random by Thrift, and
// the text of all they hold, as Thrift reads it.
#pragma once

#include <p2p/field_reader.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace p2p {

// The encoded struct: up to eight fields of any kind, nested `depth` times at most.
std::string random_struct(Encoding encoding, std::mt19937& random, int depth);

// Every field with its id, kind and value, in order; nothing when Thrift refuses the bytes. `bytes_read` is what it
// took.
std::optional<std::string> thrift_text(Encoding encoding, std::string_view encoded, std::size_t& bytes_read);

// The same by a FieldReader, which skips no value.
std::optional<std::string> reader_text(Encoding encoding, std::string_view encoded, std::size_t& bytes_read);

}  // namespace p2p
