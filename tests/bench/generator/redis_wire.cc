#include "generator/wire.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace p2p::bench {
namespace {

// The first line of what was received, without its end; nothing while it is not whole.
std::optional<std::string_view> first_line(std::string_view received) {
  const auto end = received.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return received.substr(0, end);
}

class RedisGet final : public Wire {
 public:
  explicit RedisGet(std::size_t value_bytes) : value_bytes_(value_bytes) {}

  std::string request(std::string_view key) const override {
    return fmt::format("*2\r\n$3\r\nGET\r\n${}\r\n{}\r\n", key.size(), key);
  }

  std::optional<Reply> reply(std::string_view received) const override {
    const auto line = first_line(received);
    if (!line) return std::nullopt;
    long bytes = 0;
    if (!line->starts_with('$') || std::from_chars(line->data() + 1, line->data() + line->size(), bytes).ec != std::errc()) {
      throw std::runtime_error(fmt::format("Redis answered GET with '{}'", *line));
    }
    if (bytes < 0) return Reply{line->size() + 2, false};
    const std::size_t length = line->size() + 2 + static_cast<std::size_t>(bytes) + 2;
    if (received.size() < length) return std::nullopt;
    return Reply{length, static_cast<std::size_t>(bytes) == value_bytes_};
  }

 private:
  const std::size_t value_bytes_;
};

class RedisSet final : public Wire {
 public:
  explicit RedisSet(std::string value) : value_(std::move(value)) {}

  std::string request(std::string_view key) const override {
    return fmt::format("*3\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n{}\r\n", key.size(), key, value_.size(), value_);
  }

  std::optional<Reply> reply(std::string_view received) const override {
    const auto line = first_line(received);
    if (!line) return std::nullopt;
    return Reply{line->size() + 2, *line == "+OK"};
  }

 private:
  const std::string value_;
};

}  // namespace

Wire::~Wire() = default;

std::unique_ptr<Wire> redis_get(const std::string& value) { return std::make_unique<RedisGet>(value.size()); }
std::unique_ptr<Wire> redis_set(const std::string& value) { return std::make_unique<RedisSet>(value); }

}  // namespace p2p::bench
