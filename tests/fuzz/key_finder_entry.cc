#include "key_finder_entry.h"

#include "routing/key_finder.h"
#include "serving/message_head.h"

#include <p2p/assert.h>
#include <p2p/handlers.h>

#include <optional>
#include <vector>

namespace p2p::fuzz {
namespace {

using namespace apache::thrift::protocol;
using host::FoundKey;
using host::KeyFault;
using host::KeyPath;

// As deep as Thrift's generated code would go, and our own reader: whatever is deeper is refused by one of them.
constexpr std::size_t kDepthMax = 60;

// What Thrift's protocol has read of one struct on the path.
struct Sighting {
  bool is_twice = false;
  std::optional<std::string> key;  // none: not there, or of a type that is none
  TType type = T_STOP;             // of the key
};

class ThriftSearch {
 public:
  ThriftSearch(TProtocol& in, const KeyPath& path) : in_(in), path_(path) {}

  // Reads a whole struct; looks for the key only where `level` is on the path. Throws what Thrift throws.
  void structure(std::size_t depth, std::optional<std::size_t> level, Sighting& seen) {
    if (depth == 0) throw TProtocolException(TProtocolException::DEPTH_LIMIT);
    std::string name;
    bool is_there = false;
    in_.readStructBegin(name);
    for (;;) {
      TType type = T_STOP;
      std::int16_t id = 0;
      in_.readFieldBegin(name, type, id);
      if (type == T_STOP) break;
      const bool is_on_path = level && id == path_.ids[*level];
      if (is_on_path && is_there) seen.is_twice = true;
      is_there = is_there || is_on_path;
      const bool is_last = is_on_path && *level + 1 == path_.depth;
      if (is_on_path && !is_last && type == T_STRUCT) {
        structure(depth - 1, *level + 1, seen);
      } else {
        auto text = value(type, depth - 1);
        if (is_last) {
          seen.key = std::move(text);
          seen.type = type;
        }
      }
      in_.readFieldEnd();
    }
    in_.readStructEnd();
  }

 private:
  // The key text of a value, or none where a value is no key.
  std::optional<std::string> value(TType type, std::size_t depth) {
    Sighting ignored;
    switch (type) {
      case T_BOOL: {
        bool truth = false;
        in_.readBool(truth);
        return std::nullopt;
      }
      case T_BYTE: {
        std::int8_t number = 0;
        in_.readByte(number);
        return std::to_string(number);
      }
      case T_I16: {
        std::int16_t number = 0;
        in_.readI16(number);
        return std::to_string(number);
      }
      case T_I32: {
        std::int32_t number = 0;
        in_.readI32(number);
        return std::to_string(number);
      }
      case T_I64: {
        std::int64_t number = 0;
        in_.readI64(number);
        return std::to_string(number);
      }
      case T_DOUBLE: {
        double number = 0;
        in_.readDouble(number);
        return std::nullopt;
      }
      case T_STRING: {
        std::string text;
        in_.readBinary(text);
        return text;
      }
      case T_STRUCT:
        structure(depth, std::nullopt, ignored);
        return std::nullopt;
      case T_MAP:
      case T_SET:
      case T_LIST:
        container(type, depth);
        return std::nullopt;
      default:
        throw TProtocolException(TProtocolException::INVALID_DATA);
    }
  }

  void container(TType type, std::size_t depth) {
    if (depth == 0) throw TProtocolException(TProtocolException::DEPTH_LIMIT);
    TType key = T_STOP;
    TType element = T_STOP;
    std::uint32_t count = 0;
    if (type == T_LIST) in_.readListBegin(element, count);
    if (type == T_SET) in_.readSetBegin(element, count);
    if (type == T_MAP) in_.readMapBegin(key, element, count);
    for (std::uint32_t index = 0; index < count; ++index) {
      if (type == T_MAP) value(key, depth - 1);
      value(element, depth - 1);
    }
  }

  TProtocol& in_;
  const KeyPath& path_;
};

// None: Thrift refuses the arguments.
std::optional<Sighting> thrift_sees(Encoding encoding, std::string_view arguments, const KeyPath& path) {
  Codec codec;
  codec.in().attach(arguments);
  try {
    Sighting seen;
    with_input(codec, encoding, [&](auto& in) { ThriftSearch(in, path).structure(kDepthMax, 0, seen); });
    return seen;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void compare(const KeyPath& path, const FoundKey& found, const std::optional<Sighting>& seen) {
  // Bytes that Thrift's decoder refuses reach no handler, whatever key they have.
  if (!seen) return;
  const bool is_fit = path.kind == FieldKind::stop || static_cast<int>(path.kind) == static_cast<int>(seen->type);
  switch (found.fault()) {
    case KeyFault::none:
      P2P_ASSERT(!seen->is_twice, "a key of a field that comes once");
      P2P_ASSERT(seen->key && *seen->key == found.text(), "the key that Thrift reads");
      P2P_ASSERT(is_fit, "a key of the kind that the service declares");
      return;
    case KeyFault::missing:
    case KeyFault::unfit:
      P2P_ASSERT(seen->is_twice || !seen->key || !is_fit, "a key that Thrift reads is found");
      return;
    case KeyFault::twice:
      P2P_ASSERT(seen->is_twice, "a field that Thrift reads twice");
      return;
    case KeyFault::malformed:
      return;  // what Thrift accepts and the reader does not make sense of is refused, never taken for another key
  }
}

}  // namespace

Outcome try_key_finder(std::string_view input) {
  if (input.empty()) return Outcome::no_call;
  const auto first = static_cast<std::uint8_t>(input.front());
  const Encoding encoding = (first & 1) == 0 ? Encoding::binary : Encoding::compact;
  KeyPath path;
  path.depth = 1 + (first >> 1) % KeyPath::kDepthMax;
  path.kind = kDeclaredKinds[(first >> 4) % kDeclaredKinds.size()];
  if (input.size() < 1 + path.depth) return Outcome::no_call;
  for (std::size_t level = 0; level < path.depth; ++level) {
    path.ids[level] = static_cast<std::int16_t>(static_cast<std::uint8_t>(input[1 + level]));
  }
  // A copy of its own, so that a sanitizer sees what is read behind it.
  std::vector<char> message(input.begin() + static_cast<std::ptrdiff_t>(1 + path.depth), input.end());
  const auto head = host::read_head({message.data(), message.size()}, encoding);
  if (!head.ok()) return Outcome::no_call;
  const std::string method(host::split_name(head.value().name).method);
  const std::span<char> plain = host::strip_service(message, head.value(), encoding);
  const auto plain_head = host::read_head({plain.data(), plain.size()}, encoding);
  P2P_ASSERT(plain_head.ok() && plain_head.value().name == method, "a head without its service is a head");
  const std::string_view arguments = std::string_view(plain.data(), plain.size()).substr(plain_head.value().bytes);

  FoundKey found;
  host::find_key(encoding, arguments, path, found);
  if (found.fault() != KeyFault::none) P2P_ASSERT(!found.why(path).empty(), "every fault has words");
  compare(path, found, thrift_sees(encoding, arguments, path));
  switch (found.fault()) {
    case KeyFault::none:
      return Outcome::found;
    case KeyFault::missing:
    case KeyFault::unfit:
    case KeyFault::twice:
      return Outcome::no_key;
    case KeyFault::malformed:
      return Outcome::malformed;
  }
  return Outcome::malformed;
}

}  // namespace p2p::fuzz
