#include "spaces/stored_state.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

template <class Number>
void append(std::string& bytes, Number number) {
  for (std::size_t at = 0; at < sizeof number; ++at) bytes += static_cast<char>((number >> (8 * at)) & 0xFF);
}
void append_text(std::string& bytes, std::string_view text) {
  append(bytes, static_cast<std::uint32_t>(text.size()));
  bytes.append(text);
}

// Each returns false, and takes nothing, when there are not so many bytes.
class Input final {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  bool number(Number& number) {
    if (bytes_.size() < sizeof number) return false;
    number = 0;
    for (std::size_t at = sizeof number; at-- > 0;)
      number = static_cast<Number>((std::uint64_t{number} << 8) | static_cast<unsigned char>(bytes_[at]));
    bytes_.remove_prefix(sizeof number);
    return true;
  }
  bool text(std::string_view& text) {
    std::uint32_t size = 0;
    if (!number(size) || bytes_.size() < size) return false;
    text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  bool at_end() const noexcept { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

bool read_updates(Input& input, std::vector<UpdateId>& updates) {
  std::uint8_t count = 0;
  if (!input.number(count) || count > kUpdatesKept) return false;
  updates.resize(count);
  return std::all_of(updates.begin(), updates.end(),
                     [&](UpdateId& update) { return input.number(update.node) && input.number(update.number); });
}

bool read_values(Input& input, RouteState& values) {
  std::uint32_t count = 0;
  if (!input.number(count)) return false;
  for (; count > 0; --count) {
    std::string_view sub_key;
    std::string_view value;
    if (!input.text(sub_key) || !input.text(value)) return false;
    if (!values.empty() && values.rbegin()->first >= sub_key) return false;
    values.emplace_hint(values.end(), sub_key, value);
  }
  return input.at_end();
}

}  // namespace

bool StoredState::has(UpdateId update) const noexcept { return std::ranges::find(updates, update) != updates.end(); }

void StoredState::note(UpdateId update) {
  updates.insert(updates.begin(), update);
  if (updates.size() > kUpdatesKept) updates.resize(kUpdatesKept);
}

std::string encode(const StoredState& state) {
  std::string bytes;
  bytes += static_cast<char>(kStateFormat);
  append(bytes, static_cast<std::uint8_t>(state.updates.size()));
  for (const UpdateId& update : state.updates) {
    append(bytes, update.node);
    append(bytes, update.number);
  }
  append(bytes, static_cast<std::uint32_t>(state.values.size()));
  for (const auto& [sub_key, value] : state.values) {
    append_text(bytes, sub_key);
    append_text(bytes, value);
  }
  return bytes;
}

std::optional<StoredState> decode_state(std::string_view bytes) {
  Input input(bytes);
  StoredState state;
  std::uint8_t format = 0;
  if (!input.number(format) || format != kStateFormat) return std::nullopt;
  if (!read_updates(input, state.updates) || !read_values(input, state.values)) return std::nullopt;
  return state;
}

std::size_t bytes_of(const RouteState& values) noexcept {
  std::size_t bytes = 0;
  for (const auto& [sub_key, value] : values) bytes += sub_key.size() + value.size() + kItemOverheadBytes;
  return bytes;
}

}  // namespace p2p::diststore
