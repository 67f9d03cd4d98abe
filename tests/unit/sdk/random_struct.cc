#include "random_struct.h"

#include <p2p/handlers.h>

#include <cstring>

namespace p2p {
namespace {

using namespace apache::thrift::protocol;

constexpr TType kTypes[] = {T_BOOL, T_BYTE, T_I16, T_I32, T_I64, T_DOUBLE, T_STRING, T_STRUCT, T_MAP, T_SET, T_LIST};
constexpr std::size_t kLeafTypes = 7;  // the first of kTypes nest nothing

// Deeper than any of the random structs, and than what mutations make of them in a few bytes.
constexpr int kReadDepthMax = 60;

std::string bits_of(double number) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &number, sizeof bits);
  return std::to_string(bits);
}

class Writer {
 public:
  Writer(TProtocol& out, std::mt19937& random) : out_(out), random_(random) {}

  void structure(int depth) {
    out_.writeStructBegin("");
    const auto fields = random_() % 9;
    for (std::uint32_t field = 0; field < fields; ++field) {
      const TType type = any_type(depth);
      out_.writeFieldBegin("", type, any_id());
      value(type, depth);
      out_.writeFieldEnd();
    }
    out_.writeFieldStop();
    out_.writeStructEnd();
  }

 private:
  TType any_type(int depth) { return kTypes[random_() % (depth > 0 ? std::size(kTypes) : kLeafTypes)]; }
  std::int16_t any_id() { return static_cast<std::int16_t>(random_() % 4 == 0 ? random_() : random_() % 20); }
  std::int64_t any_number() {
    const auto number = static_cast<std::int64_t>((static_cast<std::uint64_t>(random_()) << 32) | random_());
    return number >> (random_() % 64);
  }

  void value(TType type, int depth) {
    switch (type) {
      case T_BOOL:
        out_.writeBool(random_() % 2 == 0);
        return;
      case T_BYTE:
        out_.writeByte(static_cast<std::int8_t>(any_number()));
        return;
      case T_I16:
        out_.writeI16(static_cast<std::int16_t>(any_number()));
        return;
      case T_I32:
        out_.writeI32(static_cast<std::int32_t>(any_number()));
        return;
      case T_I64:
        out_.writeI64(any_number());
        return;
      case T_DOUBLE:
        out_.writeDouble(static_cast<double>(any_number()) / 7);
        return;
      case T_STRING:
        out_.writeString(std::string(random_() % 5 == 0 ? random_() % 400 : random_() % 12, 'a' + random_() % 26));
        return;
      case T_STRUCT:
        return structure(depth - 1);
      default:
        return container(type, depth - 1);
    }
  }

  void container(TType type, int depth) {
    const TType key = any_type(depth);
    const TType element = any_type(depth);
    const auto count = static_cast<std::uint32_t>(random_() % 5 == 0 ? random_() % 30 : random_() % 3);
    if (type == T_LIST) out_.writeListBegin(element, count);
    if (type == T_SET) out_.writeSetBegin(element, count);
    if (type == T_MAP) out_.writeMapBegin(key, element, count);
    for (std::uint32_t index = 0; index < count; ++index) {
      if (type == T_MAP) value(key, depth);
      value(element, depth);
    }
  }

  TProtocol& out_;
  std::mt19937& random_;
};

class ThriftText {
 public:
  explicit ThriftText(TProtocol& in) : in_(in) {}

  std::string structure(int depth) {
    if (depth == 0) throw TProtocolException(TProtocolException::DEPTH_LIMIT);
    std::string out = "{";
    std::string name;
    in_.readStructBegin(name);
    for (;;) {
      TType type = T_STOP;
      std::int16_t id = 0;
      in_.readFieldBegin(name, type, id);
      if (type == T_STOP) break;
      out += std::to_string(id) + ':' + std::to_string(static_cast<int>(type)) + '=' + value(type, depth) + ' ';
      in_.readFieldEnd();
    }
    in_.readStructEnd();
    return out + '}';
  }

 private:
  template <class Value, class Read>
  static std::string number(Read read) {
    Value value{};
    read(value);
    return std::to_string(value);
  }

  std::string value(TType type, int depth) {
    switch (type) {
      case T_BOOL: {
        bool truth = false;
        in_.readBool(truth);
        return truth ? "yes" : "no";
      }
      case T_BYTE:
        return number<std::int8_t>([&](auto& out) { in_.readByte(out); });
      case T_I16:
        return number<std::int16_t>([&](auto& out) { in_.readI16(out); });
      case T_I32:
        return number<std::int32_t>([&](auto& out) { in_.readI32(out); });
      case T_I64:
        return number<std::int64_t>([&](auto& out) { in_.readI64(out); });
      case T_DOUBLE: {
        double real = 0;
        in_.readDouble(real);
        return bits_of(real);
      }
      case T_STRING: {
        std::string text;
        in_.readBinary(text);
        return text;
      }
      case T_STRUCT:
        return structure(depth - 1);
      case T_MAP:
      case T_SET:
      case T_LIST:
        return container(type, depth - 1);
      default:
        throw TProtocolException(TProtocolException::INVALID_DATA);
    }
  }

  std::string container(TType type, int depth) {
    if (depth == 0) throw TProtocolException(TProtocolException::DEPTH_LIMIT);
    TType key = T_STOP;
    TType element = T_STOP;
    std::uint32_t count = 0;
    if (type == T_LIST) in_.readListBegin(element, count);
    if (type == T_SET) in_.readSetBegin(element, count);
    if (type == T_MAP) in_.readMapBegin(key, element, count);
    std::string out = "[" + std::to_string(count) + ' ';
    for (std::uint32_t index = 0; index < count; ++index) {
      if (type == T_MAP) out += value(key, depth) + "->";
      out += value(element, depth) + ' ';
    }
    return out + ']';
  }

  TProtocol& in_;
};

template <Encoding encoding>
class ReaderText {
 public:
  // False when the reader failed.
  bool structure(FieldReader<encoding>& in, int depth, std::string& out) {
    if (depth == 0) return false;
    out += '{';
    FieldHead field;
    while (in.next(field)) {
      out += std::to_string(field.id) + ':' + std::to_string(static_cast<int>(field.kind)) + '=';
      if (!value(in, field.kind, true, depth, out)) return false;
      out += ' ';
    }
    out += '}';
    return in.at_end();
  }

 private:
  using Reader = FieldReader<encoding>;

  bool value(Reader& in, FieldKind kind, bool is_field, int depth, std::string& out) {
    switch (kind) {
      case FieldKind::boolean:
        return truth(in, is_field, out);
      case FieldKind::byte:
      case FieldKind::i16:
      case FieldKind::i32:
      case FieldKind::i64: {
        std::int64_t number = 0;
        if (!in.integer(kind, number)) return false;
        out += std::to_string(number);
        return true;
      }
      case FieldKind::real:
        return real(in, out);
      case FieldKind::text: {
        std::string_view text;
        if (!in.text(text)) return false;
        out += text;
        return true;
      }
      case FieldKind::structure: {
        Reader inner = in.nested();
        structure(inner, depth - 1, out);
        return in.resume_behind(inner);
      }
      case FieldKind::map:
      case FieldKind::set:
      case FieldKind::list:
        return container(in, kind, depth - 1, out);
      case FieldKind::stop:
        return false;
    }
    return false;
  }

  // Where the reader stands, for what it has no function for.
  const char* here(const Reader& in) const { return whole_.data() + whole_.size() - in.left(); }

  bool truth(Reader& in, bool is_field, std::string& out) {
    bool is_true = false;
    if (is_field || encoding == Encoding::binary) {
      if (!in.boolean(is_true)) return false;
    } else {
      const char* at = here(in);
      if (!in.skip_element(FieldKind::boolean)) return false;
      is_true = *at == 1;  // as Thrift's compact protocol reads a bool in a container
    }
    out += is_true ? "yes" : "no";
    return true;
  }

  bool real(Reader& in, std::string& out) {
    const char* at = here(in);
    if (!in.skip_element(FieldKind::real)) return false;
    std::uint64_t bits = 0;
    for (int byte = 0; byte < 8; ++byte) {
      const auto piece = static_cast<std::uint64_t>(static_cast<unsigned char>(at[byte]));
      bits |= piece << (encoding == Encoding::binary ? 56 - 8 * byte : 8 * byte);
    }
    out += std::to_string(bits);
    return true;
  }

  bool container(Reader& in, FieldKind kind, int depth, std::string& out) {
    ContainerHead head;
    if (depth == 0 || !in.container(kind, head)) return false;
    out += "[" + std::to_string(head.count) + ' ';
    for (std::uint32_t index = 0; index < head.count; ++index) {
      if (kind == FieldKind::map) {
        if (!value(in, head.key, false, depth, out)) return false;
        out += "->";
      }
      if (!value(in, head.element, false, depth, out)) return false;
      out += ' ';
    }
    out += ']';
    return true;
  }

 public:
  std::string_view whole_;
};

template <Encoding encoding>
std::optional<std::string> reader_text_of(std::string_view encoded, std::size_t& bytes_read) {
  FieldReader<encoding> in(encoded);
  ReaderText<encoding> text;
  text.whole_ = encoded;
  std::string out;
  if (!text.structure(in, kReadDepthMax, out)) return std::nullopt;
  bytes_read = encoded.size() - in.left();
  return out;
}

}  // namespace

std::string random_struct(Encoding encoding, std::mt19937& random, int depth) {
  Codec codec;
  with_output(codec, encoding, [&](auto& out) { Writer(out, random).structure(depth); });
  return codec.out().block();
}

std::optional<std::string> thrift_text(Encoding encoding, std::string_view encoded, std::size_t& bytes_read) {
  Codec codec;
  codec.in().attach(encoded);
  try {
    std::string out;
    with_input(codec, encoding, [&](auto& in) { out = ThriftText(in).structure(kReadDepthMax); });
    bytes_read = encoded.size() - codec.in().unread();
    return out;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<std::string> reader_text(Encoding encoding, std::string_view encoded, std::size_t& bytes_read) {
  return encoding == Encoding::binary ? reader_text_of<Encoding::binary>(encoded, bytes_read)
                                      : reader_text_of<Encoding::compact>(encoded, bytes_read);
}

}  // namespace p2p
