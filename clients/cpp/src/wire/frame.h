// How does a call travel? As a frame of four bytes of length and one strict binary Thrift message; the reply likewise.
#pragma once

#include <p2p/handlers.h>
#include <p2p/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::client {

inline constexpr std::size_t kFrameHeadBytes = 4;

// Byte offset in a frame of the sequence id, which the connection sets when it sends.
struct FrameInfo {
  std::size_t sequence_at = 0;
};

// Begins a call in `codec`'s output, which is cleared; write the arguments next, then call end_call.
FrameInfo begin_call(Codec& codec, std::string_view service, std::string_view method);
// Completes the frame and gives it to `frame`, whose memory goes back to the codec for the next one.
void end_call(Codec& codec, std::string& frame);

// Makes a frame of a whole message with no service in its name. An error of kind invalid when it is not one, or is
// oneway.
Result<FrameInfo> frame_of(std::string_view service, std::string_view message, std::string& frame);

void set_sequence(std::string& frame, FrameInfo info, std::int32_t sequence) noexcept;

// Length of the message in the frame at the front of `bytes`, which has kFrameHeadBytes at least.
std::uint32_t length_at(std::string_view bytes) noexcept;

struct ReplyHead {
  bool is_exception = false;  // a TApplicationException; otherwise a result
  std::int32_t sequence = 0;
  std::size_t body_at = 0;
};
// An error of kind protocol when the message is no reply.
Result<ReplyHead> read_reply_head(std::string_view message);

}  // namespace p2p::client
