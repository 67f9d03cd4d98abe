#include "routing/key_finder.h"

#include <fmt/format.h>

#include <charconv>

namespace p2p::host {

template <Encoding encoding>
class KeySearch final {
 public:
  KeySearch(const KeyPath& path, FoundKey& found) noexcept : path_(path), found_(found) {}

  // Reads the struct at `level` of the path to its end. Calls itself for each level, KeyPath::kDepthMax times at most.
  bool search(FieldReader<encoding>& in, std::size_t level) noexcept {
    bool is_there = false;
    FieldHead field;
    while (in.next(field)) {
      if (field.id != path_.ids[level]) {
        in.skip(field.kind);
        continue;
      }
      if (is_there) return fail(KeyFault::twice, level, field.kind);
      is_there = true;
      if (!(level + 1 == path_.depth ? take(in, field.kind, level) : enter(in, field.kind, level))) return false;
    }
    if (!in.at_end()) return malformed(in);
    return is_there || fail(KeyFault::missing, level, FieldKind::stop);
  }

 private:
  using Reader = FieldReader<encoding>;

  bool enter(Reader& in, FieldKind kind, std::size_t level) noexcept {
    if (kind != FieldKind::structure) return fail(KeyFault::unfit, level, kind);
    Reader inner = in.nested();
    return search(inner, level + 1) && (in.resume_behind(inner) || malformed(in));
  }

  bool take(Reader& in, FieldKind kind, std::size_t level) noexcept {
    if (!can_be_key(kind)) return fail(KeyFault::unfit, level, kind);
    if (path_.kind != FieldKind::stop && kind != path_.kind) return fail(KeyFault::unfit, level, kind);
    if (kind == FieldKind::text) return in.text(found_.text_) || malformed(in);
    std::int64_t number = 0;
    if (!in.integer(kind, number)) return malformed(in);
    char* const begin = found_.digits_.data();
    const auto end = std::to_chars(begin, begin + found_.digits_.size(), number).ptr;
    found_.text_ = {begin, static_cast<std::size_t>(end - begin)};
    return true;
  }

  bool malformed(const Reader& in) noexcept {
    found_.malformed_why_ = in.why();
    return fail(KeyFault::malformed, 0, FieldKind::stop);
  }

  bool fail(KeyFault fault, std::size_t level, FieldKind kind) noexcept {
    found_.fault_ = fault;
    found_.level_ = level;
    found_.kind_ = kind;
    return false;
  }

  const KeyPath& path_;
  FoundKey& found_;
};

namespace {

template <Encoding encoding>
bool search_from_the_top(std::string_view arguments, KeySearch<encoding> search) noexcept {
  FieldReader<encoding> in(arguments);
  return search.search(in, 0);
}

}  // namespace

void find_key(Encoding encoding, std::string_view arguments, const KeyPath& path, FoundKey& found) noexcept {
  const bool is_found = encoding == Encoding::binary
                            ? search_from_the_top(arguments, KeySearch<Encoding::binary>(path, found))
                            : search_from_the_top(arguments, KeySearch<Encoding::compact>(path, found));
  if (is_found) found.fault_ = KeyFault::none;
}

std::string FoundKey::why(const KeyPath& path) const {
  KeyPath field = path;
  field.depth = level_ + 1;
  const std::string name = "field " + field.text();
  const bool is_inner = level_ + 1 < path.depth;
  switch (fault_) {
    case KeyFault::none:
      return "";
    case KeyFault::missing:
      return name + " is not in the arguments";
    case KeyFault::unfit:
      if (!is_inner && can_be_key(kind_))
        return fmt::format("{} is {}; the service declares {}", name, word_of(kind_), word_of(path.kind));
      return name + " is " + std::string(word_of(kind_)) +
             (is_inner ? ", and the key is looked for inside a struct" : "; a key is a string, a binary or an integer");
    case KeyFault::twice:
      return name + " is in the arguments more than once";
    case KeyFault::malformed:
      return std::string("the arguments make no sense: ") + malformed_why_;
  }
  return "";
}

}  // namespace p2p::host
