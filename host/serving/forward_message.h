// What does a forwarded call look like? Peer.forward and its reply (idl/peer.thrift), written and read by hand: every
// call for another node's key pays for this twice. The bytes are Thrift's own.
#pragma once

#include "serving/message_head.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::host {

// The name under which nodes serve Peer, and its method that carries calls.
inline constexpr std::string_view kPeerService = "Peer";
inline constexpr std::string_view kForwardMethod = "forward";

// The arguments of Peer.forward. Views into the message that was read.
struct ForwardRequest {
  std::int64_t view = 0;
  std::int32_t hops = 0;
  std::string_view target;
  Encoding encoding = Encoding::binary;  // of `message`
  std::string_view message;
};

enum class ForwardStatus : std::uint8_t { answered = 1, view_differs = 2, refused = 3 };

// Of the reply. Views into the message that was read.
struct ForwardReply {
  ForwardStatus status = ForwardStatus::answered;
  std::string_view message;
  std::string_view members;
};

// The Peer.forward that a call came in: the reply to the call becomes the reply to that.
struct Envelope {
  std::int32_t sequence = 0;
  Encoding encoding = Encoding::binary;
};

// Appends the whole call, in strict binary, without a frame.
void append_forward(std::string& out, std::int32_t sequence, const ForwardRequest& request);

// Reads the arguments, which follow the head of a message. Nothing when they are malformed or one is missing.
std::optional<ForwardRequest> read_forward(std::string_view arguments, Encoding encoding);

// Appends the whole reply as the envelope's sender wants it.
void append_forward_reply(std::string& out, const Envelope& envelope, ForwardStatus status, std::string_view message);
void append_disagreement(std::string& out, const Envelope& envelope, std::int64_t view, std::string_view members);

// Reads the result, which follows the head of a reply in strict binary.
std::optional<ForwardReply> read_forward_reply(std::string_view result);

}  // namespace p2p::host
