#include "generator/peer_wires.h"
#include "generator/text_line.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <stdexcept>

namespace p2p::bench {
namespace {

using load::Dataset;
using load::Reply;
using load::ValueCheck;
using load::Verdict;

constexpr std::string_view kEnd = "END\r\n";

class MemcachedGet final : public load::Wire {
 public:
  MemcachedGet(const Dataset& data, ValueCheck check) : data_(data), check_(check) {}

  void request(std::uint64_t number, std::string& into) const override {
    fmt::format_to(std::back_inserter(into), "get {}\r\n", data_.key(number));
  }

  // "VALUE key flags bytes", the value and "END"; or "END" alone.
  std::optional<Reply> reply(std::string_view received, std::uint64_t number) const override {
    const auto line = first_line(received);
    if (!line) return std::nullopt;
    if (*line == "END") return Reply{kEnd.size(), Verdict::missing, "there is no such key"};
    const auto digits = line->rfind(' ') + 1;
    std::size_t bytes = 0;
    if (!line->starts_with("VALUE ") ||
        std::from_chars(line->data() + digits, line->data() + line->size(), bytes).ec != std::errc()) {
      throw std::runtime_error(fmt::format("memcached answered get with '{}'", *line));
    }
    const std::size_t head = line->size() + kLineEnd;
    const std::size_t length = head + bytes + kLineEnd + kEnd.size();
    if (received.size() < length) return std::nullopt;
    return reply_with_value(length, received.substr(head, bytes), data_, number, check_);
  }

 private:
  const Dataset data_;
  const ValueCheck check_;
};

class MemcachedSet final : public load::Wire {
 public:
  explicit MemcachedSet(const Dataset& data) : data_(data) {}

  void request(std::uint64_t number, std::string& into) const override {
    const std::string value = data_.value(number);
    fmt::format_to(std::back_inserter(into), "set {} 0 0 {}\r\n{}\r\n", data_.key(number), value.size(), value);
  }

  std::optional<Reply> reply(std::string_view received, std::uint64_t) const override {
    const auto line = first_line(received);
    if (!line) return std::nullopt;
    const std::size_t length = line->size() + kLineEnd;
    return *line == "STORED" ? Reply{length, Verdict::good, {}} : Reply{length, Verdict::refused, std::string(*line)};
  }

 private:
  const Dataset data_;
};

}  // namespace

std::unique_ptr<load::Wire> memcached_get(const Dataset& data, ValueCheck check) {
  return std::make_unique<MemcachedGet>(data, check);
}
std::unique_ptr<load::Wire> memcached_set(const Dataset& data) { return std::make_unique<MemcachedSet>(data); }

}  // namespace p2p::bench
