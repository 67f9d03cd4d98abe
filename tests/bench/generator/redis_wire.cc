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

class RedisGet final : public load::Wire {
 public:
  RedisGet(const Dataset& data, ValueCheck check) : data_(data), check_(check) {}

  void request(std::uint64_t number, std::string& into) const override {
    const std::string key = data_.key(number);
    fmt::format_to(std::back_inserter(into), "*2\r\n$3\r\nGET\r\n${}\r\n{}\r\n", key.size(), key);
  }

  std::optional<Reply> reply(std::string_view received, std::uint64_t number) const override {
    const auto line = first_line(received);
    if (!line) return std::nullopt;
    long bytes = 0;
    if (!line->starts_with('$') ||
        std::from_chars(line->data() + 1, line->data() + line->size(), bytes).ec != std::errc()) {
      throw std::runtime_error(fmt::format("Redis answered GET with '{}'", *line));
    }
    const std::size_t head = line->size() + kLineEnd;
    if (bytes < 0) return Reply{head, Verdict::missing, "there is no such key"};
    const std::size_t length = head + static_cast<std::size_t>(bytes) + kLineEnd;
    if (received.size() < length) return std::nullopt;
    return reply_with_value(length, received.substr(head, static_cast<std::size_t>(bytes)), data_, number, check_);
  }

 private:
  const Dataset data_;
  const ValueCheck check_;
};

class RedisSet final : public load::Wire {
 public:
  RedisSet(const Dataset& data, bool waits) : data_(data), waits_(waits) {}

  void request(std::uint64_t number, std::string& into) const override {
    const std::string key = data_.key(number);
    const std::string value = data_.value(number);
    fmt::format_to(std::back_inserter(into), "*3\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n{}\r\n", key.size(), key,
                   value.size(), value);
    if (waits_) into += kWait;
  }

  std::optional<Reply> reply(std::string_view received, std::uint64_t) const override {
    const auto set = first_line(received);
    if (!set) return std::nullopt;
    std::size_t length = set->size() + kLineEnd;
    if (!waits_) return verdict(length, *set, *set == "+OK");
    const auto waited = first_line(received.substr(length));
    if (!waited) return std::nullopt;
    length += waited->size() + kLineEnd;
    if (*set != "+OK") return verdict(length, *set, false);
    return verdict(length, *waited, waited->starts_with(':') && *waited != ":0");
  }

 private:
  static Reply verdict(std::size_t length, std::string_view words, bool is_good) {
    return is_good ? Reply{length, Verdict::good, {}} : Reply{length, Verdict::refused, std::string(words)};
  }

  // For one replica, and at most a second.
  static constexpr std::string_view kWait = "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$4\r\n1000\r\n";

  const Dataset data_;
  const bool waits_;
};

}  // namespace

std::unique_ptr<load::Wire> redis_get(const Dataset& data, ValueCheck check) {
  return std::make_unique<RedisGet>(data, check);
}
std::unique_ptr<load::Wire> redis_set(const Dataset& data) { return std::make_unique<RedisSet>(data, false); }
std::unique_ptr<load::Wire> redis_set_and_wait(const Dataset& data) { return std::make_unique<RedisSet>(data, true); }

}  // namespace p2p::bench
