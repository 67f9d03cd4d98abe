#include "session.h"

#include "descriptor.h"

#include <p2p/handlers.h>

#include <Relay.h>
#include <Store.h>

#include <boost/endian/conversion.hpp>

#include <stdexcept>
#include <vector>

namespace disconnects {
namespace {

constexpr std::uint32_t kCallsMax = 32;  // of one connection
constexpr std::uint32_t kTextBytesMax = 3'000;
constexpr std::int32_t kDeadlineMs = 2'000;

enum class Kind : std::uint8_t { read, echo_at, nap_at, nap_there };
enum class Farewell : std::uint8_t { after_all, half_closed, closed, reset, cut_message };

struct Asked {
  Kind kind;
  std::string due;
};

std::string key_of(std::uint32_t number) { return "disconnects-" + std::to_string(number); }

std::string padded(std::string text, std::size_t bytes) {
  const std::string unit = text + '|';
  while (text.size() < bytes) text += unit;
  return text;
}

std::string value_of(std::uint32_t number) {
  return padded("value of " + key_of(number), number * 2'654'435'761u % kTextBytesMax);
}

template <class Arguments>
std::string encode(const std::string& method, std::int32_t sequence, const Arguments& arguments) {
  p2p::Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_CALL, sequence);
  arguments.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  const std::string_view message = codec.out().written();
  std::string framed(4, '\0');
  boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(framed.data()),
                               static_cast<std::uint32_t>(message.size()));
  return framed.append(message);
}

std::string encode_one(const Course& course, const Asked& asked, std::uint32_t key, std::int32_t nap_ms,
                       std::int32_t sequence) {
  switch (asked.kind) {
    case Kind::read: {
      diststore::Store_read_args arguments;
      arguments.key = key_of(key);
      return encode("diststore:read", sequence, arguments);
    }
    case Kind::echo_at: {
      relay::Relay_echo_at_args arguments;
      arguments.port = course.proxy_port;
      arguments.text = asked.due;
      arguments.deadline_ms = kDeadlineMs;
      return encode("relay:echo_at", sequence, arguments);
    }
    case Kind::nap_at: {
      relay::Relay_nap_at_args arguments;
      arguments.port = course.proxy_port;
      arguments.text = asked.due;
      arguments.milliseconds = nap_ms;
      arguments.deadline_ms = kDeadlineMs;
      return encode("relay:nap_at", sequence, arguments);
    }
    case Kind::nap_there: {
      relay::Relay_nap_there_args arguments;
      arguments.port = course.proxy_port;
      arguments.text = asked.due;
      arguments.milliseconds = nap_ms;
      return encode("relay:nap_there", sequence, arguments);
    }
  }
  return {};
}

std::string read_bytes(const Descriptor& socket, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t there = 0;
  while (there < count) {
    const ssize_t received = ::recv(socket.number(), bytes.data() + there, count - there, 0);
    if (received <= 0) throw std::runtime_error("the node closed the connection, or did not answer in time");
    there += static_cast<std::size_t>(received);
  }
  return bytes;
}

std::string read_message(const Descriptor& socket) {
  const std::string length = read_bytes(socket, 4);
  return read_bytes(socket, boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(length.data())));
}

template <class GeneratedResult>
std::string text_of(p2p::Codec& codec) {
  GeneratedResult result;
  result.read(&codec.binary_in());
  if constexpr (std::is_same_v<GeneratedResult, diststore::Store_read_result>) {
    if (!result.__isset.success) return "!the store says: " + result.error.message;
    return result.success.found ? result.success.value : "!not found";
  } else {
    return result.success;
  }
}

std::string answer_in(const std::string& message, Kind kind, std::int32_t due_sequence) {
  p2p::Codec codec;
  codec.in().attach(message);
  std::string method;
  apache::thrift::protocol::TMessageType type{};
  std::int32_t sequence = 0;
  codec.binary_in().readMessageBegin(method, type, sequence);
  if (sequence != due_sequence) throw std::runtime_error("an answer has another call's sequence id");
  if (type == apache::thrift::protocol::T_EXCEPTION) {
    apache::thrift::TApplicationException exception;
    exception.read(&codec.binary_in());
    const std::string text = exception.what();
    return '!' + text.substr(0, text.find(':'));
  }
  switch (kind) {
    case Kind::read:
      return text_of<diststore::Store_read_result>(codec);
    case Kind::echo_at:
      return text_of<relay::Relay_echo_at_result>(codec);
    case Kind::nap_at:
      return text_of<relay::Relay_nap_at_result>(codec);
    case Kind::nap_there:
      return text_of<relay::Relay_nap_there_result>(codec);
  }
  return {};
}

void check(const Asked& asked, const std::string& answer, Tally& tally) {
  if (answer == asked.due) {
    ++tally.answers;
  } else if (answer.starts_with('!') && asked.kind != Kind::read) {
    ++tally.failures[answer.substr(1)];
  } else {
    throw std::runtime_error("a wrong answer: '" + answer.substr(0, 100) + "' instead of '" + asked.due.substr(0, 100) +
                             "'");
  }
}

void send_all(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the node takes no requests");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

void Tally::add(const Tally& other) {
  calls += other.calls;
  answers += other.answers;
  disconnects += other.disconnects;
  for (const auto& [kind, count] : other.failures) failures[kind] += count;
}

void write_keys(const Course& course) {
  const Descriptor socket = connect_to(course.port, course.patience_s);
  for (std::uint32_t key = 0; key < kKeys; ++key) {
    diststore::Store_write_args arguments;
    arguments.key = key_of(key);
    arguments.value = value_of(key);
    send_all(socket, encode("diststore:write", 1, arguments));
    const std::string reply = read_message(socket);
    const auto decoded = p2p::decode_reply<diststore::Store_write_result>(reply);
    if (!decoded.ok() || !decoded.value().__isset.success) throw std::runtime_error("a key was not written");
  }
}

Tally run_session(const Course& course, std::uint64_t client, std::mt19937_64& random) {
  Tally tally;
  Descriptor socket = connect_to(course.port, course.patience_s);
  if (socket.number() < 0) throw std::runtime_error("the node takes no connections");
  const auto farewell = static_cast<Farewell>(random() % 5);
  const std::uint32_t count = 1 + static_cast<std::uint32_t>(random() % kCallsMax);
  std::vector<Asked> asked;
  std::string requests;
  for (std::uint32_t number = 0; number < count; ++number) {
    const auto key = static_cast<std::uint32_t>(random() % kKeys);
    Asked one{static_cast<Kind>(random() % 4), {}};
    const std::string text = "client " + std::to_string(client) + " call " + std::to_string(number);
    one.due = one.kind == Kind::read ? value_of(key) : padded(text, random() % kTextBytesMax);
    const auto nap_ms = static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(course.nap_ms_max + 1));
    requests += encode_one(course, one, key, nap_ms, static_cast<std::int32_t>(number));
    asked.push_back(std::move(one));
  }
  if (farewell == Farewell::cut_message) {
    requests.resize(requests.size() - 1);
    asked.pop_back();
  }
  send_all(socket, requests);
  tally.calls = static_cast<std::int64_t>(asked.size());
  if (farewell == Farewell::half_closed) ::shutdown(socket.number(), SHUT_WR);
  const bool stays = farewell == Farewell::after_all || farewell == Farewell::half_closed;
  const std::size_t read = stays ? asked.size() : random() % (asked.size() + 1);
  for (std::size_t number = 0; number < read; ++number) {
    check(asked[number], answer_in(read_message(socket), asked[number].kind, static_cast<std::int32_t>(number)), tally);
  }
  if (!stays) ++tally.disconnects;
  if (farewell == Farewell::reset) socket.reset();
  return tally;
}

}  // namespace disconnects
