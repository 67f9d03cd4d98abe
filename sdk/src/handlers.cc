#include <p2p/handlers.h>

namespace p2p {

namespace thrift = apache::thrift;

void MessageBuffer::throw_short() {
  throw thrift::transport::TTransportException(thrift::transport::TTransportException::END_OF_FILE,
                                               "the message ends in the middle");
}

Codec::Codec()
    : in_(std::make_shared<MessageBuffer>()),
      out_(std::make_shared<MessageBuffer>()),
      binary_in_(in_),
      binary_out_(out_),
      compact_in_(in_, 0, kContainerElementsMax),
      compact_out_(out_) {
  binary_in_.setContainerSizeLimit(kContainerElementsMax);
}

// Generated processors take shared pointers but use them only during the call, or while a cob callback is held, which
// keeps the call and thus this codec: the aliases own nothing.
std::shared_ptr<thrift::protocol::TProtocol> Codec::shared_in(Encoding encoding) {
  thrift::protocol::TProtocol* protocol = &binary_in_;
  if (encoding == Encoding::compact) protocol = &compact_in_;
  return {std::shared_ptr<void>(), protocol};
}

std::shared_ptr<thrift::protocol::TProtocol> Codec::shared_out(Encoding encoding) {
  thrift::protocol::TProtocol* protocol = &binary_out_;
  if (encoding == Encoding::compact) protocol = &compact_out_;
  return {std::shared_ptr<void>(), protocol};
}

NodeAddress from_wire(const locator::Location& address) {
  return {address.address, static_cast<std::uint16_t>(address.port)};
}

locator::Location to_wire(const NodeAddress& address) {
  locator::Location wire;
  wire.address = address.host;
  wire.port = static_cast<std::int16_t>(address.port);
  return wire;
}

Result<Done> begin_reply(Codec& codec, std::string_view message) {
  codec.in().attach(message);
  try {
    std::string method;
    thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(method, type, sequence);
    if (type == thrift::protocol::T_REPLY) return Done{};
    if (type != thrift::protocol::T_EXCEPTION) return Error{ErrorKind::protocol, "neither a reply nor an exception"};
    thrift::TApplicationException exception;
    exception.read(&codec.binary_in());
    return Error{ErrorKind::refused, exception.what()};
  } catch (const std::exception& failure) {
    return Error{ErrorKind::protocol, std::string("the reply makes no sense: ") + failure.what()};
  }
}

bool is_unknown_method(std::string_view reply) {
  Codec codec;
  codec.in().attach(reply);
  try {
    std::string method;
    thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(method, type, sequence);
    if (type != thrift::protocol::T_EXCEPTION) return false;
    thrift::TApplicationException exception;
    exception.read(&codec.binary_in());
    return exception.getType() == thrift::TApplicationException::UNKNOWN_METHOD;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace p2p
