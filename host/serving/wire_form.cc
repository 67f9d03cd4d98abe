#include "serving/wire_form.h"

#include "serving/byte_at.h"

namespace p2p::host {
namespace {

// The encoding of a message that begins at `at`.
Detection detect_encoding(std::string_view bytes, std::size_t at, Encoding& encoding) {
  if (bytes.size() <= at) return Detection::need_more;
  if (byte_at(bytes, at) == 0x82) {
    encoding = Encoding::compact;
    return Detection::known;
  }
  if (byte_at(bytes, at) != 0x80) return Detection::unknown;
  if (bytes.size() <= at + 1) return Detection::need_more;
  if (byte_at(bytes, at + 1) != 0x01) return Detection::unknown;
  encoding = Encoding::binary;
  return Detection::known;
}

}  // namespace

Detection detect(std::string_view first, WireForm& form) {
  if (first.empty()) return Detection::need_more;
  const Detection unframed = detect_encoding(first, 0, form.encoding);
  if (unframed != Detection::unknown) {
    form.framed = false;
    return unframed;
  }
  if (first.front() >= 'A' && first.front() <= 'Z') {
    form.is_http = true;
    return Detection::known;
  }
  if (byte_at(first, 0) >= 0x16) return Detection::unknown;
  form.framed = true;
  return detect_encoding(first, 4, form.encoding);
}

}  // namespace p2p::host
