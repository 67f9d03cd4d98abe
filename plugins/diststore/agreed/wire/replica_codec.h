// What do stores say to each other in bytes (idl/replication.thrift)? Written and read by hand in the binary protocol,
// byte for byte as the generated code does: a value is copied once, into the message or out of it. Foreign bytes are
// refused with a reason, and never trip an assertion. Every function: [any thread].
#pragma once

#include "agreed/sessions.h"

#include <p2p/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace p2p::diststore::agreed::wire {

// A call or a reply with more is refused. What this node sends has fewer by far: links limit the bytes of a call.
inline constexpr std::size_t kMessagesMax = 1'000'000;
// Of a batch, a sync or an item list, each.
inline constexpr std::size_t kKeysMax = 1'000'000;
// Epochs, terms, numbers: whoever counts on from there does not reach the end of an i64.
inline constexpr std::uint64_t kNaturalMax = std::uint64_t{1} << 62;
inline constexpr std::size_t kReasonBytesMax = 1000;

// The whole message of a call, for Peers::call().
std::string encode_open(SessionId session, std::string_view caller, std::string_view callee);
std::string encode_deliver(SessionId session, const Numbered& said);
std::string encode_answer(SessionId session, const Numbered& said);
std::string encode_end(SessionId session);

struct Said {
  SessionId session = 0;
  Numbered said;
};

struct Open {
  SessionId session = 0;
  std::string_view caller;  // within the arguments
  std::string_view callee;
};

// Arguments of a call, as they follow the head of a message.
Result<Open> read_open(std::string_view arguments);
Result<Said> read_said(std::string_view arguments);  // of deliver or answer
Result<SessionId> read_end(std::string_view arguments);

struct Delivered {
  bool is_taken = false;
  Numbered answers = {};
};

// What follows the head of the reply: `success`, and the end of the result.
void append_opened(std::string& out, bool is_taken, std::string_view why);
void append_delivered(std::string& out, const Delivered& delivered);
void append_answered(std::string& out, bool is_taken);

struct Opened {
  bool is_taken = false;
  std::string why;
};

// Of a whole reply. Kind refused: it carries an exception, whose text this is; kind protocol: it makes no sense.
Result<Opened> read_opened(std::string_view reply);
Result<Delivered> read_delivered(std::string_view reply);
Result<bool> read_answered(std::string_view reply);

}  // namespace p2p::diststore::agreed::wire
