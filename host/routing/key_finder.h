// What is the key of this call? Found in the encoded arguments, by field ids, without generated code. Pure: foreign
// bytes in, a key or a fault out; no allocation, and no deeper into the message than KeyPath and kSkipDepthMax allow.
#pragma once

#include "routing/route.h"

#include <p2p/field_reader.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::host {

enum class KeyFault : std::uint8_t {
  none,
  missing,    // no such field
  unfit,      // a field of a type that no key has, or not of the type that the service declares
  twice,      // a field on the path appears more than once, and readers differ in which one counts
  malformed,  // the bytes are no valid encoding
};

// The value of the key, equal for both encodings and any integer width: the bytes of a string or binary, the decimal
// text of an integer.
class FoundKey final {
 public:
  FoundKey() = default;
  FoundKey(const FoundKey&) = delete;
  FoundKey& operator=(const FoundKey&) = delete;

  KeyFault fault() const noexcept { return fault_; }
  // The key, if there is no fault; valid as long as this object and the message.
  std::string_view text() const noexcept { return text_; }

  // The fault as a text for the caller: "field 1.3 is a list, ...". `path` is the one searched for.
  std::string why(const KeyPath& path) const;

 private:
  template <Encoding encoding>
  friend class KeySearch;
  friend void find_key(Encoding encoding, std::string_view arguments, const KeyPath& path, FoundKey& found) noexcept;

  KeyFault fault_ = KeyFault::missing;
  std::string_view text_;
  std::array<char, 20> digits_{};  // room for the longest integer with its sign
  std::size_t level_ = 0;          // of the path, at which the fault was found
  FieldKind kind_ = FieldKind::stop;
  const char* malformed_why_ = "";
};

// Finds the key in the encoded struct of a call's arguments; ignores what follows the struct. Reads the whole level of
// each field on the path, so that a field that appears twice is noticed. [any thread]
void find_key(Encoding encoding, std::string_view arguments, const KeyPath& path, FoundKey& found) noexcept;

// May a field of this kind be a key?
constexpr bool can_be_key(FieldKind kind) noexcept {
  return kind == FieldKind::text || kind == FieldKind::byte || kind == FieldKind::i16 || kind == FieldKind::i32 ||
         kind == FieldKind::i64;
}

}  // namespace p2p::host
