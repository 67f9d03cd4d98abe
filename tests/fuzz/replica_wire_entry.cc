#include "replica_wire_entry.h"

#include "agreed/wire/replica_codec.h"

#include <p2p/assert.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

namespace p2p::fuzz {
namespace {

using namespace diststore::agreed;

// What was read, written again; nothing: it was refused.
using Rewritten = std::optional<std::string>;

// Of a binary message: version and type, the name with its length, the sequence number.
std::string without_head(const std::string& message) {
  constexpr std::size_t kWithoutName = 12;
  return message.substr(kWithoutName + static_cast<std::uint8_t>(message[7]));
}

// Of a reply without a method.
std::string reply_head() { return {"\x80\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12}; }

Rewritten rewrite_said(std::string_view bytes) {
  const auto read = wire::read_said(bytes);
  if (!read.ok()) return std::nullopt;
  return without_head(wire::encode_deliver(read.value().session, read.value().said));
}

Rewritten rewrite_open(std::string_view bytes) {
  const auto read = wire::read_open(bytes);
  if (!read.ok()) return std::nullopt;
  return without_head(wire::encode_open(read.value().session, read.value().caller, read.value().callee));
}

Rewritten rewrite_end(std::string_view bytes) {
  const auto read = wire::read_end(bytes);
  if (!read.ok()) return std::nullopt;
  return without_head(wire::encode_end(read.value()));
}

Rewritten rewrite_delivered(std::string_view bytes) {
  const auto read = wire::read_delivered(bytes);
  if (!read.ok()) return std::nullopt;
  std::string written = reply_head();
  wire::append_delivered(written, read.value());
  return written;
}

Rewritten rewrite_opened(std::string_view bytes) {
  const auto read = wire::read_opened(bytes);
  if (!read.ok()) return std::nullopt;
  std::string written = reply_head();
  wire::append_opened(written, read.value().is_taken, read.value().why);
  return written;
}

Rewritten rewrite_answered(std::string_view bytes) {
  const auto read = wire::read_answered(bytes);
  if (!read.ok()) return std::nullopt;
  std::string written = reply_head();
  wire::append_answered(written, read.value());
  return written;
}

Rewritten rewrite(ReplicaForm form, std::string_view bytes) {
  switch (form) {
    case ReplicaForm::said:
      return rewrite_said(bytes);
    case ReplicaForm::open:
      return rewrite_open(bytes);
    case ReplicaForm::end:
      return rewrite_end(bytes);
    case ReplicaForm::delivered:
      return rewrite_delivered(bytes);
    case ReplicaForm::opened:
      return rewrite_opened(bytes);
    case ReplicaForm::answered:
      return rewrite_answered(bytes);
  }
  return std::nullopt;
}

}  // namespace

ReplicaOutcome try_replica_wire(std::string_view input) {
  if (input.empty()) return ReplicaOutcome::refused;
  const auto form = static_cast<ReplicaForm>(static_cast<std::uint8_t>(input.front()) % kReplicaFormsCount);
  // A copy of exactly this size, so that a sanitizer catches reads past its end.
  const std::size_t bytes = input.size() - 1;
  const auto copy = std::make_unique<char[]>(bytes);
  std::copy_n(input.data() + 1, bytes, copy.get());
  const Rewritten written = rewrite(form, {copy.get(), bytes});
  if (!written) return ReplicaOutcome::refused;
  P2P_ASSERT(rewrite(form, *written) == written, "what was read is read alike once more");
  return ReplicaOutcome::read;
}

}  // namespace p2p::fuzz
