// How are the arguments of a call read with every type checked? Thrift's own readers check the type of a field, but not
// that of a container's elements: a list of numbers becomes a list of empty texts. For <p2p/handlers.h>.
#pragma once

#include <p2p/message_buffer.h>

#include <thrift/protocol/TProtocol.h>
#include <thrift/protocol/TProtocolException.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace p2p {

// Nesting depth of structs and containers; Thrift's readers go down 64 structs, each of which may be in a container.
inline constexpr std::size_t kNestingMax = 160;

// Reads as `Form` does (BinaryProtocol or CompactProtocol), and throws when code that was generated with the option
// `templates` asks for an element of another type than the container has announced. Other code reads as it always has.
template <class Form>
class TypedInput final : public Form {
 public:
  using Type = apache::thrift::protocol::TType;

  // `limits` are the arguments of Form's constructor after its transport.
  template <class... Limits>
  explicit TypedInput(MessageBuffer& in, Limits... limits)
      : Form(std::shared_ptr<MessageBuffer>(std::shared_ptr<void>(), &in), limits...) {}

  std::uint32_t readStructBegin(std::string& name) {
    expect(apache::thrift::protocol::T_STRUCT);
    enter({false, 0, 0});
    return Form::readStructBegin(name);
  }
  std::uint32_t readStructEnd() {
    leave();
    return Form::readStructEnd();
  }
  std::uint32_t readListBegin(Type& element, std::uint32_t& count) {
    expect(apache::thrift::protocol::T_LIST);
    const std::uint32_t bytes = Form::readListBegin(element, count);
    enter(container_of(element, element));
    return bytes;
  }
  std::uint32_t readListEnd() {
    leave();
    return Form::readListEnd();
  }
  std::uint32_t readSetBegin(Type& element, std::uint32_t& count) {
    expect(apache::thrift::protocol::T_SET);
    const std::uint32_t bytes = Form::readSetBegin(element, count);
    enter(container_of(element, element));
    return bytes;
  }
  std::uint32_t readSetEnd() {
    leave();
    return Form::readSetEnd();
  }
  std::uint32_t readMapBegin(Type& key, Type& element, std::uint32_t& count) {
    expect(apache::thrift::protocol::T_MAP);
    const std::uint32_t bytes = Form::readMapBegin(key, element, count);
    enter(container_of(key, element));
    return bytes;
  }
  std::uint32_t readMapEnd() {
    leave();
    return Form::readMapEnd();
  }

  template <class Truth>
  std::uint32_t readBool(Truth&& value) {
    expect(apache::thrift::protocol::T_BOOL);
    return Form::readBool(std::forward<Truth>(value));
  }
  std::uint32_t readByte(std::int8_t& value) {
    expect(apache::thrift::protocol::T_BYTE);
    return Form::readByte(value);
  }
  std::uint32_t readI16(std::int16_t& value) {
    expect(apache::thrift::protocol::T_I16);
    return Form::readI16(value);
  }
  std::uint32_t readI32(std::int32_t& value) {
    expect(apache::thrift::protocol::T_I32);
    return Form::readI32(value);
  }
  std::uint32_t readI64(std::int64_t& value) {
    expect(apache::thrift::protocol::T_I64);
    return Form::readI64(value);
  }
  std::uint32_t readDouble(double& value) {
    expect(apache::thrift::protocol::T_DOUBLE);
    return Form::readDouble(value);
  }
  std::uint32_t readString(std::string& value) {
    expect(apache::thrift::protocol::T_STRING);
    return Form::readString(value);
  }
  std::uint32_t readBinary(std::string& value) {
    expect(apache::thrift::protocol::T_STRING);
    return Form::readBinary(value);
  }

 private:
  // A struct, whose fields carry their own types; or a container, whose elements are all of `next`, or of `next` and
  // `other` in turn.
  struct Level {
    bool is_container;
    std::uint8_t next;
    std::uint8_t other;
  };
  static Level container_of(Type next, Type other) {
    return {true, static_cast<std::uint8_t>(next), static_cast<std::uint8_t>(other)};
  }

  static void refuse(const char* why) {
    using apache::thrift::protocol::TProtocolException;
    throw TProtocolException(TProtocolException::INVALID_DATA, why);
  }
  void expect(Type asked) {
    if (depth_ == 0) return;
    Level& level = levels_[depth_ - 1];
    if (!level.is_container) return;
    if (level.next != asked) refuse("a container's elements are of another type than its interface declares");
    std::swap(level.next, level.other);
  }
  void enter(Level level) {
    if (depth_ == kNestingMax) refuse("the message is nested too deeply");
    levels_[depth_++] = level;
  }
  void leave() { --depth_; }

  std::array<Level, kNestingMax> levels_;  // the first `depth_` are set; the rest may be uninitialised
  std::size_t depth_ = 0;
};

}  // namespace p2p
