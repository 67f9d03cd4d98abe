#include "generator/owned_keys.h"

#include <p2p/handlers.h>

#include <fmt/format.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace p2p::bench {
namespace {

namespace thrift = apache::thrift;

// Calls that are under way at once: their answers fit any socket's buffer, so that neither side ever waits for the
// other.
constexpr std::size_t kPipelineDepth = 64;

// Of so many keys for one that is found: a node of a hundred owns more.
constexpr std::size_t kLooksPerKeyMax = 1'000;

}  // namespace

std::vector<std::uint64_t> owned_keys(const NodeAddress& asked, const std::string& owner, const load::Dataset& data,
                                      std::uint64_t first, std::size_t count) {
  const auto socket = std::make_shared<thrift::transport::TSocket>(asked.host, asked.port);
  const auto framed = std::make_shared<thrift::transport::TFramedTransport>(socket);
  framed->open();
  const auto binary = std::make_shared<thrift::protocol::TBinaryProtocol>(framed);
  locator::LocatorClient client(std::make_shared<thrift::protocol::TMultiplexedProtocol>(binary, "locator"));
  std::vector<std::uint64_t> owned;
  for (std::uint64_t number = first; owned.size() < count; number += kPipelineDepth) {
    if (number - first > count * kLooksPerKeyMax) {
      throw std::runtime_error(
          fmt::format("{} owns {} of the first {} keys only", owner, owned.size(), number - first));
    }
    for (std::uint64_t at = number; at < number + kPipelineDepth; ++at) client.send_get_node(data.key(at));
    for (std::uint64_t at = number; at < number + kPipelineDepth; ++at) {
      locator::Location address;
      client.recv_get_node(address);
      if (owned.size() < count && from_wire(address).name() == owner) owned.push_back(at);
    }
  }
  return owned;
}

std::vector<std::uint64_t> owned_keys(const std::filesystem::path& file, const NodeAddress& asked,
                                      const std::string& owner, const load::Dataset& data, std::uint64_t first,
                                      std::size_t count) {
  if (std::ifstream in(file); in) {
    std::vector<std::uint64_t> owned(std::istream_iterator<std::uint64_t>(in), {});
    if (owned.size() == count) return owned;
    throw std::runtime_error(fmt::format("{} holds {} keys, not {}", file.string(), owned.size(), count));
  }
  auto owned = owned_keys(asked, owner, data, first, count);
  std::ofstream out(file);
  for (const std::uint64_t number : owned) out << number << '\n';
  if (!out.flush()) throw std::runtime_error(fmt::format("cannot write {}", file.string()));
  return owned;
}

}  // namespace p2p::bench
