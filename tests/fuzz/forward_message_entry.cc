#include "forward_message_entry.h"

#include "serving/forward_message.h"

#include <p2p/assert.h>
#include <p2p/field_reader.h>
#include <p2p/handlers.h>

#include <Peer.h>

#include <algorithm>
#include <exception>
#include <memory>

namespace p2p::fuzz {
namespace {

// False: Thrift refuses the bytes.
template <class Struct>
bool thrift_reads(Encoding encoding, std::string_view bytes, Struct& read) {
  Codec codec;
  codec.in().attach(bytes);
  try {
    with_input(codec, encoding, [&](auto& in) { read.read(&in); });
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// A view that was not set points nowhere, and must be empty.
bool is_inside(std::string_view whole, std::string_view part) {
  if (part.data() == nullptr) return part.empty();
  const std::less_equal<const char*> is_not_behind;
  return is_not_behind(whole.data(), part.data()) &&
         is_not_behind(part.data() + part.size(), whole.data() + whole.size());
}

ForwardOutcome try_call(Encoding encoding, std::string_view arguments) {
  const auto request = host::read_forward(arguments, encoding);
  if (!request) return ForwardOutcome::refused;
  P2P_ASSERT(is_inside(arguments, request->target) && is_inside(arguments, request->message), "views into the call");
  P2P_ASSERT(request->message.data() != nullptr, "a call that carries a message");
  peer::Peer_forward_args seen;
  if (thrift_reads(encoding, arguments, seen)) {
    P2P_ASSERT(seen.target == request->target, "the target that Thrift reads");
    P2P_ASSERT(seen.message == request->message, "the message that Thrift reads");
  }
  return ForwardOutcome::read;
}

// If there are two results, we read the first and Thrift the last.
bool has_one_result(std::string_view bytes) {
  FieldReader<Encoding::binary> reader(bytes);
  FieldHead field;
  int results = 0;
  while (reader.next(field)) {
    if (field.id == 0) ++results;
    reader.skip(field.kind);
  }
  return results == 1;
}

ForwardOutcome try_reply(std::string_view result) {
  const auto reply = host::read_forward_reply(result);
  if (!reply) return ForwardOutcome::refused;
  P2P_ASSERT(is_inside(result, reply->message) && is_inside(result, reply->members), "views into the reply");
  const auto status = static_cast<int>(reply->status);
  P2P_ASSERT(status >= 1 && status <= 3, "a known status");
  peer::Peer_forward_result seen;
  if (thrift_reads(Encoding::binary, result, seen) && has_one_result(result)) {
    P2P_ASSERT(seen.success.message == reply->message, "the message that Thrift reads");
    P2P_ASSERT(seen.success.members == reply->members, "the members that Thrift reads");
  }
  return ForwardOutcome::read;
}

}  // namespace

ForwardOutcome try_forward_message(std::string_view input) {
  if (input.empty()) return ForwardOutcome::refused;
  const auto form = static_cast<ForwardForm>(static_cast<std::uint8_t>(input.front()) % kForwardFormsCount);
  // A copy of exactly this size, so that a sanitizer catches reads past its end.
  const std::size_t bytes = input.size() - 1;
  const auto copy = std::make_unique<char[]>(bytes);
  std::copy_n(input.data() + 1, bytes, copy.get());
  const std::string_view message(copy.get(), bytes);
  switch (form) {
    case ForwardForm::binary_call:
      return try_call(Encoding::binary, message);
    case ForwardForm::compact_call:
      return try_call(Encoding::compact, message);
    case ForwardForm::reply:
      return try_reply(message);
  }
  return ForwardOutcome::refused;
}

}  // namespace p2p::fuzz
