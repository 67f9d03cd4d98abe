// p2pstock: what does Thrift's own server make of the same store? One of its stock servers with the generated
// synchronous processor, over the same engine in memory; framed binary, without a service name. A peer for benchmarks:
// it reads and writes every key, and answers all other calls with nothing.
#include "engine/memory/memory_engine.h"
#include "replication/hybrid_clock.h"

#include <Store.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TNonblockingServer.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TNonblockingServerSocket.h>
#include <thrift/transport/TServerSocket.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace p2p::bench {
namespace {

namespace thrift = apache::thrift;
using diststore::OwnershipProof;

constexpr std::uint64_t kHashSeed = 0x9E3779B97F4A7C15;  // nobody attacks a benchmark
constexpr std::uint64_t kNode = 1;                       // breaks ties of versions, of which there are none

std::uint64_t now_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

// StoreNull answers what is not overridden.
class Handler final : public ::diststore::StoreNull {
 public:
  void read(::diststore::ReadResult& result, const std::string& key, const ::diststore::ReadOptions&) override {
    (void)engine_->get(key, OwnershipProof{},
                       [&](std::string_view value, diststore::Version version, diststore::WallMs) {
                         result.found = true;
                         result.value = value;
                         result.__isset.value = true;
                         result.__set_version(to_wire(version));
                       });
  }

  void write(::diststore::WriteResult& result, const std::string& key, const std::string& value,
             const ::diststore::WriteOptions&) override {
    auto change = diststore::Change::write(key, value, OwnershipProof{}, {clock_.issue(now_ms()), kNode});
    (void)engine_->apply_one(change);
    result.__set_version(to_wire(change.version));
  }

 private:
  static ::diststore::Version to_wire(diststore::Version version) {
    ::diststore::Version sent;
    sent.stamp = static_cast<std::int64_t>(version.stamp);
    sent.node = static_cast<std::int64_t>(version.node);
    return sent;
  }

  const std::unique_ptr<diststore::Engine> engine_ = std::make_unique<diststore::MemoryEngine>(kHashSeed);
  diststore::HybridClock clock_;
};

// The fastest form that generated code has: protocols that know their transport.
template <class Transport>
using Processor = ::diststore::StoreProcessorT<thrift::protocol::TBinaryProtocolT<Transport>>;
template <class Transport>
using Protocols = thrift::protocol::TBinaryProtocolFactoryT<Transport>;

void serve_nonblocking(int port, std::size_t io_threads, const std::shared_ptr<Handler>& handler) {
  const auto socket = std::make_shared<thrift::transport::TNonblockingServerSocket>("127.0.0.1", port);
  thrift::server::TNonblockingServer server(std::make_shared<Processor<thrift::transport::TMemoryBuffer>>(handler),
                                            std::make_shared<Protocols<thrift::transport::TMemoryBuffer>>(), socket);
  server.setNumIOThreads(io_threads);
  server.serve();
}

void serve_threaded(int port, const std::shared_ptr<Handler>& handler) {
  thrift::server::TThreadedServer server(std::make_shared<Processor<thrift::transport::TFramedTransport>>(handler),
                                         std::make_shared<thrift::transport::TServerSocket>("127.0.0.1", port),
                                         std::make_shared<thrift::transport::TFramedTransportFactory>(),
                                         std::make_shared<Protocols<thrift::transport::TFramedTransport>>());
  server.serve();
}

}  // namespace
}  // namespace p2p::bench

int main(int argc, char** argv) {
  std::string kind;
  int port = 0;
  std::size_t io_threads = 1;
  CLI::App app("Serves diststore's read and write with one of Thrift's own servers, until it is killed.");
  app.add_option("kind", kind, "which server")->required()->check(CLI::IsMember({"nonblocking", "threaded"}));
  app.add_option("--port", port, "where, on 127.0.0.1")->required();
  app.add_option("--io-threads", io_threads, "of the nonblocking one")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  const auto handler = std::make_shared<p2p::bench::Handler>();
  if (kind == "nonblocking") {
    p2p::bench::serve_nonblocking(port, io_threads, handler);
  } else {
    p2p::bench::serve_threaded(port, handler);
  }
  return 0;
}
