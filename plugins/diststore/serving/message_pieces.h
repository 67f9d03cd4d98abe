// Which pieces do hand-written answers share? Fields and their numbers: idl/diststore.thrift.
#pragma once

#include "replication/version.h"

#include <p2p/binary_writer.h>

#include <thrift/protocol/TProtocol.h>

#include <cstdint>

namespace p2p::diststore {

// Both are inlined always: the place of each number is then known, and writing it one store.
template <class Piece>
[[gnu::always_inline]] inline void append_version(Piece& piece, std::int16_t id, Version version) {
  using namespace apache::thrift::protocol;  // NOLINT: TType
  piece.field(T_STRUCT, id);
  piece.field(T_I64, 1);
  piece.i64(static_cast<std::int64_t>(version.stamp));
  piece.field(T_I64, 2);
  piece.i64(static_cast<std::int64_t>(version.node));
  piece.stop();
}

// Before the view, which ends a result.
template <class Piece>
void append_unless_0(Piece& piece, std::int16_t id, std::int64_t number) {
  if (number == 0) return;
  piece.field(apache::thrift::protocol::T_I64, id);
  piece.i64(number);
}

// The end of a result that carries the view.
template <class Piece>
[[gnu::always_inline]] inline void append_view(Piece& piece, std::int16_t id, std::int64_t view) {
  piece.field(apache::thrift::protocol::T_I64, id);
  piece.i64(view);
  piece.stop();
}

}  // namespace p2p::diststore
