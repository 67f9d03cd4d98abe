#include "messages.h"

#include <p2p/handlers.h>

#include <Store.h>

namespace p2p::host {
namespace {

using namespace apache::thrift::protocol;

void write_scalars(TProtocol& out) {
  out.writeFieldBegin("yes", T_BOOL, 1);
  out.writeBool(true);
  out.writeFieldEnd();
  out.writeFieldBegin("no", T_BOOL, 2);
  out.writeBool(false);
  out.writeFieldEnd();
  out.writeFieldBegin("byte", T_BYTE, 3);
  out.writeByte(-7);
  out.writeFieldEnd();
  out.writeFieldBegin("short", T_I16, 4);
  out.writeI16(-30000);
  out.writeFieldEnd();
  out.writeFieldBegin("int", T_I32, 5);
  out.writeI32(-2000000000);
  out.writeFieldEnd();
  out.writeFieldBegin("long", T_I64, 6);
  out.writeI64(-9000000000000000000);
  out.writeFieldEnd();
  out.writeFieldBegin("real", T_DOUBLE, 7);
  out.writeDouble(3.5);
  out.writeFieldEnd();
  out.writeFieldBegin("text", T_STRING, 300);  // far ids are written in full in compact
  out.writeString("some text");
  out.writeFieldEnd();
  out.writeFieldBegin("empty", T_STRING, 301);
  out.writeString("");
  out.writeFieldEnd();
}

void write_containers(TProtocol& out) {
  out.writeFieldBegin("flags", T_LIST, 310);
  out.writeListBegin(T_BOOL, 20);
  for (int i = 0; i < 20; ++i) out.writeBool(i % 3 == 0);
  out.writeListEnd();
  out.writeFieldEnd();
  out.writeFieldBegin("words", T_SET, 311);
  out.writeSetBegin(T_STRING, 2);
  out.writeString("left");
  out.writeString("right");
  out.writeSetEnd();
  out.writeFieldEnd();
  out.writeFieldBegin("by_name", T_MAP, 312);
  out.writeMapBegin(T_STRING, T_LIST, 2);
  for (const char* key : {"a", "b"}) {
    out.writeString(key);
    out.writeListBegin(T_I64, 3);
    for (int i = 0; i < 3; ++i) out.writeI64(i);
    out.writeListEnd();
  }
  out.writeMapEnd();
  out.writeFieldEnd();
  out.writeFieldBegin("none", T_MAP, 313);
  out.writeMapBegin(T_I32, T_I32, 0);
  out.writeMapEnd();
  out.writeFieldEnd();
  out.writeFieldBegin("nothing", T_LIST, 314);
  out.writeListBegin(T_STRUCT, 0);
  out.writeListEnd();
  out.writeFieldEnd();
}

void write_nested(TProtocol& out) {
  out.writeFieldBegin("pair", T_LIST, 320);
  out.writeListBegin(T_STRUCT, 2);
  for (int i = 0; i < 2; ++i) {
    out.writeStructBegin("inner");
    out.writeFieldBegin("count", T_I32, 1);
    out.writeI32(i);
    out.writeFieldEnd();
    out.writeFieldStop();
    out.writeStructEnd();
  }
  out.writeListEnd();
  out.writeFieldEnd();
}

}  // namespace

std::string rich_call(Encoding encoding, const std::string& name, std::int32_t sequence) {
  Codec codec;
  TProtocol& out = *codec.shared_out(encoding);
  out.writeMessageBegin(name, T_CALL, sequence);
  out.writeStructBegin("args");
  write_scalars(out);
  write_containers(out);
  write_nested(out);
  out.writeFieldStop();
  out.writeStructEnd();
  out.writeMessageEnd();
  return std::string(codec.out().written());
}

std::string read_call(Encoding encoding, const std::string& name, const std::string& key, std::int32_t sequence) {
  Codec codec;
  with_output(codec, encoding, [&](auto& out) {
    diststore::Store_read_args args;
    args.key = key;
    out.writeMessageBegin(name, T_CALL, sequence);
    args.write(&out);
    out.writeMessageEnd();
  });
  return std::string(codec.out().written());
}

}  // namespace p2p::host
