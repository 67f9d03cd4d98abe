#include "driver/node_connection.h"
#include "driver/settings.h"

#include <Store.h>
#include <fmt/format.h>
#include <thrift/TApplicationException.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include <array>
#include <exception>
#include <utility>

namespace p2p::history {
namespace {

namespace thrift = apache::thrift;
namespace wire = diststore;

constexpr const char* kService = "diststore";
// A service that does not take a call at all answers with one of these; the call is not executed.
constexpr std::array<std::string_view, 5> kRefusals = {
    "p2p:draining:", "p2p:disabled:", "p2p:unknown:", "p2p:overloaded:", "p2p:not-executed:"};

std::shared_ptr<thrift::protocol::TProtocol> open_to(const NodeAddress& node) {
  auto socket = std::make_shared<thrift::transport::TSocket>(node.host, node.port);
  socket->setConnTimeout(static_cast<int>(kConnectTimeout.count()));
  socket->setRecvTimeout(static_cast<int>(kAnswerTimeout.count()));
  socket->setSendTimeout(static_cast<int>(kAnswerTimeout.count()));
  auto framed = std::make_shared<thrift::transport::TFramedTransport>(socket);
  framed->open();
  auto binary = std::make_shared<thrift::protocol::TBinaryProtocol>(framed);
  return std::make_shared<thrift::protocol::TMultiplexedProtocol>(binary, kService);
}

Answer failed(Outcome outcome, std::string reason, bool is_refused = false) {
  return {outcome, is_refused, std::move(reason), {}};
}

Answer application_failure(const thrift::TApplicationException& failure) {
  const std::string_view text = failure.what();
  for (const std::string_view refusal : kRefusals) {
    if (text.starts_with(refusal)) return failed(Outcome::not_done, std::string(text), true);
  }
  return failed(Outcome::unknown, std::string(text));
}

// What a request that had been sent, or begun to be sent, may have come to.
Answer failure_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const wire::StoreError& error) {
    // Every kind but this one promises that nothing was stored, and the checker holds the store to it.
    const bool may_be_done = error.kind == wire::StoreErrorKind::unavailable;
    return failed(may_be_done ? Outcome::unknown : Outcome::not_done, "StoreError: " + error.message);
  } catch (const thrift::TApplicationException& error) {
    return application_failure(error);
  } catch (const std::exception& error) {
    return failed(Outcome::unknown, error.what());
  }
}

std::optional<Version> version_of(bool is_told, const wire::Version& version) {
  if (!is_told) return std::nullopt;
  return Version{static_cast<std::uint64_t>(version.stamp), static_cast<std::uint64_t>(version.node)};
}

}  // namespace

// An open connection. Its calls throw what Thrift throws.
class NodeConnection::Line final {
 public:
  Line(const NodeAddress& node, std::size_t value_bytes) : client_(open_to(node)), value_bytes_(value_bytes) {}

  std::vector<Told> ask(const Request& request) {
    const bool is_batch = request.form == Form::batch;
    switch (request.kind) {
      case Kind::read:
        return is_batch ? read_many(request) : std::vector{read(request)};
      case Kind::write:
        return is_batch ? write_many(request) : std::vector{write(request)};
      case Kind::erase:
        return is_batch ? erase_many(request) : std::vector{erase(request)};
    }
    return {};
  }

 private:
  Told told(const wire::ReadResult& result) const {
    const Value value = result.found ? read_stored_value(result.value, value_bytes_) : Value{};
    return {result.found, value, version_of(result.__isset.version, result.version)};
  }
  Told told(const wire::WriteResult& result) const {
    return {true, {}, version_of(result.__isset.version, result.version)};
  }
  Told told(const wire::EraseResult& result) const {
    return {result.found, {}, version_of(result.found && result.__isset.version, result.version)};
  }
  template <class Result>
  std::vector<Told> told(const std::vector<Result>& results) const {
    std::vector<Told> all;
    for (const Result& result : results) all.push_back(told(result));
    return all;
  }

  static std::vector<std::string> keys_of(const Request& request) {
    std::vector<std::string> keys;
    for (const KeyNumber key : request.keys) keys.push_back(key_name(key));
    return keys;
  }

  Told read(const Request& request) {
    wire::ReadResult result;
    client_.read(result, key_name(request.keys.front()), {});
    return told(result);
  }
  Told write(const Request& request) {
    wire::WriteResult result;
    client_.write(result, key_name(request.keys.front()), stored_value(request.values.front(), value_bytes_), {});
    return told(result);
  }
  Told erase(const Request& request) {
    wire::EraseResult result;
    client_.erase(result, key_name(request.keys.front()), {});
    return told(result);
  }
  std::vector<Told> read_many(const Request& request) {
    std::vector<wire::ReadResult> results;
    client_.read_many(results, keys_of(request), {});
    return told(results);
  }
  std::vector<Told> write_many(const Request& request) {
    std::vector<wire::Item> items(request.keys.size());
    for (std::size_t at = 0; at < items.size(); ++at) {
      items[at].key = key_name(request.keys[at]);
      items[at].value = stored_value(request.values[at], value_bytes_);
    }
    std::vector<wire::WriteResult> results;
    client_.write_many(results, items, {});
    return told(results);
  }
  std::vector<Told> erase_many(const Request& request) {
    std::vector<wire::EraseResult> results;
    client_.erase_many(results, keys_of(request), {});
    return told(results);
  }

  wire::StoreClient client_;
  const std::size_t value_bytes_;
};

NodeConnection::NodeConnection(NodeAddress node, std::size_t value_bytes)
    : node_(std::move(node)), value_bytes_(value_bytes) {}
NodeConnection::NodeConnection(NodeConnection&&) noexcept = default;
NodeConnection& NodeConnection::operator=(NodeConnection&&) noexcept = default;
NodeConnection::~NodeConnection() = default;

Answer NodeConnection::ask(const Request& request) {
  if (!line_) {
    try {
      line_ = std::make_unique<Line>(node_, value_bytes_);
    } catch (const std::exception& failure) {  // nothing was sent
      return failed(Outcome::not_done, fmt::format("no connection: {}", failure.what()), true);
    }
  }
  try {
    Answer answer{Outcome::done, false, {}, line_->ask(request)};
    if (answer.told.size() == request.keys.size()) return answer;
    line_.reset();
    return failed(Outcome::unknown, fmt::format("{} results for {} keys", answer.told.size(), request.keys.size()));
  } catch (...) {
    line_.reset();
    return failure_of(std::current_exception());
  }
}

}  // namespace p2p::history
