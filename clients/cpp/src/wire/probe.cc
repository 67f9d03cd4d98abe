#include "wire/probe.h"

#include "wire/frame.h"
#include "wire/store_messages.h"

#include <p2p/handlers.h>

#include <thrift/transport/TTransportException.h>
#include <exception>

namespace p2p::client {
namespace {

// Starts every strict binary message.
constexpr std::string_view kStrictBegin = "\x80";

// A longer answer is not one to the probe.
constexpr std::size_t kAnswerBytesMax = 16 * 1024;

// How our hosts' answers begin when they do not know the service, as those older than the probe do not.
bool is_said_by_ours(std::string_view text) { return text.starts_with("p2p:") || text.starts_with("service '"); }

}  // namespace

std::string probe_message() {
  Codec codec;
  std::string frame;
  begin_call(codec, "node", "ping");
  codec.out().block() += '\0';  // no arguments
  end_call(codec, frame);
  return frame.substr(kFrameHeadBytes);
}

Probed read_probe(std::string_view answer) {
  if (answer.size() > kAnswerBytesMax || !kStrictBegin.starts_with(answer.substr(0, 1))) return Probed::foreign;
  Codec codec;
  codec.in().attach(answer);
  try {
    std::string name;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(name, type, sequence);
    if (type == apache::thrift::protocol::T_EXCEPTION) {
      return is_said_by_ours(decode_exception(codec).text) ? Probed::ours : Probed::foreign;
    }
    if (type != apache::thrift::protocol::T_REPLY) return Probed::foreign;
    codec.binary_in().skip(apache::thrift::protocol::T_STRUCT);
    return Probed::ours;
  } catch (const apache::thrift::transport::TTransportException&) {
    return Probed::need_more;
  } catch (const std::exception&) {
    return Probed::foreign;
  }
}

}  // namespace p2p::client
