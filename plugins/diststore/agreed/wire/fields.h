// How are the fields of one struct read by hand, in the binary protocol? Between the files that read messages.
#pragma once

#include "agreed/wire/replica_codec.h"

#include <p2p/field_reader.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::diststore::agreed::wire {

using Reader = FieldReader<Encoding::binary>;

// A count is foreign: more is allocated when it comes.
inline constexpr std::size_t kReservedMax = 1024;

inline constexpr const char* kIncomplete = "a field that is required is not there";

// One struct: its fields, those that were found, and what is wrong with it.
class Fields {
 public:
  explicit Fields(Reader& outer) : outer_(outer), inner_(outer.nested()) {}

  Reader& reader() { return inner_; }
  bool next() { return why_ == nullptr && inner_.next(head_); }
  bool is(std::int16_t id, FieldKind kind) const { return head_.id == id && head_.kind == kind; }
  void skip() { inner_.skip(head_.kind); }
  FieldKind kind() const { return head_.kind; }

  // The value of the present field. A number that is negative, or too high to be counted on from, makes no sense.
  void natural(std::uint64_t& out) {
    std::int64_t value = 0;
    if (!inner_.integer(head_.kind, value)) return;
    if (value < 0 || static_cast<std::uint64_t>(value) > kNaturalMax) return fail("a number is out of its range");
    out = static_cast<std::uint64_t>(value);
    note();
  }
  void bits_of(std::uint64_t& out) {
    std::int64_t value = 0;
    if (!inner_.integer(head_.kind, value)) return;
    out = static_cast<std::uint64_t>(value);
    note();
  }
  void flag(bool& out) {
    inner_.boolean(out);
    note();
  }
  void text(std::string_view& out) {
    inner_.text(out);
    note();
  }
  void note() { found_ |= 1u << head_.id; }
  bool has(std::int16_t id) const { return (found_ & (1u << id)) != 0; }
  void fail(const char* why) {
    if (why_ == nullptr) why_ = why;
  }

  // At the end: the outer reader goes on behind it. `required`: bits of the fields.
  const char* end(std::uint32_t required) {
    if (why_ != nullptr) return why_;
    if (!outer_.resume_behind(inner_)) return outer_.why();
    return (found_ & required) == required ? nullptr : kIncomplete;
  }

 private:
  Reader& outer_;
  Reader inner_;
  FieldHead head_;
  std::uint32_t found_ = 0;
  const char* why_ = nullptr;
};

constexpr std::uint32_t bits(std::initializer_list<int> ids) {
  std::uint32_t all = 0;
  for (const int id : ids) all |= 1u << id;
  return all;
}

// Null: it was read. Each of these reads a struct whose first field is next.
using Why = const char*;

template <class Take>
void read_list(Fields& fields, FieldKind element, std::size_t count_max, Take take) {
  ContainerHead list;
  fields.note();
  if (!fields.reader().container(fields.kind(), list)) return;
  if (list.count == 0) return;
  if (list.element != element) return fields.fail("a list has elements of another type");
  if (list.count > count_max) return fields.fail("a list has too many elements");
  for (std::uint32_t at = 0; at < list.count; ++at)
    if (const Why why = take(list.count)) return fields.fail(why);
}

inline void read_texts(Fields& fields, std::vector<std::string>& texts) {
  read_list(fields, FieldKind::text, kKeysMax, [&](std::uint32_t count) -> Why {
    if (texts.empty()) texts.reserve(std::min<std::size_t>(count, kReservedMax));
    std::string_view text;
    if (!fields.reader().text(text)) return fields.reader().why();
    texts.emplace_back(text);
    return nullptr;
  });
}

// The struct Messages (read_messages.cc).
Why read(Reader& reader, Numbered& said);

}  // namespace p2p::diststore::agreed::wire
