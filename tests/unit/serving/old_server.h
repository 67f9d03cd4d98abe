// A server of the 2009 system, or one that pretends to be one, on a real socket and a loop of its own. What it does
// with each connection is what the test says.
#pragma once

#include "listeners.h"

#include "serving/asio.h"
#include "serving/loop.h"
#include "serving/message_scanner.h"

#include <p2p/log.h>
#include <p2p/node_address.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {

using net::FullListener;

class SilentLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// Every method: [server's loop]. What it hands over runs there too.
class OldConnection final : public std::enable_shared_from_this<OldConnection> {
 public:
  explicit OldConnection(asio::ip::tcp::socket socket) : socket_(std::move(socket)), block_(1024) {}

  // `then` gets everything that has come once it begins with a whole message.
  void read_message(std::function<void(std::string)> then) {
    scanner_.reset(Encoding::binary, 1 << 20);
    read([then = std::move(then)](OldConnection& here, bool has_ended) {
      const bool is_whole = here.scanner_.scan(here.received_) == ScanStatus::whole;
      if (!is_whole && !has_ended) return false;
      then(here.received_);
      return true;
    });
  }

  // `then` gets everything that comes, once the other side has nothing more to say.
  void read_to_the_end(std::function<void(std::string)> then) {
    read([then = std::move(then)](OldConnection& here, bool has_ended) {
      if (has_ended) then(here.received_);
      return has_ended;
    });
  }

  void write(const std::string& bytes) {
    error_code ignored;
    asio::write(socket_, asio::buffer(bytes), ignored);
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }
  // So that the other side sees its connection broken instead of ended.
  void reset() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 private:
  // Until `take` has had enough.
  void read(std::function<bool(OldConnection&, bool has_ended)> take) {
    socket_.async_read_some(asio::buffer(block_), [self = shared_from_this(), take = std::move(take)](
                                                      error_code failure, std::size_t bytes) mutable {
      self->received_.append(self->block_.data(), bytes);
      if (!take(*self, static_cast<bool>(failure)) && !failure) self->read(std::move(take));
    });
  }

  asio::ip::tcp::socket socket_;
  std::vector<char> block_;
  std::string received_;
  MessageScanner scanner_;
};

class OldServer final {
 public:
  using Behaviour = std::function<void(const std::shared_ptr<OldConnection>&)>;

  explicit OldServer(Behaviour behave)
      : behave_(std::move(behave)), acceptor_(loop_.context(), {asio::ip::address_v4::loopback(), 0}) {
    accept();
    loop_.start();
  }
  ~OldServer() { loop_.stop(); }
  OldServer(const OldServer&) = delete;
  OldServer& operator=(const OldServer&) = delete;

  NodeAddress address() const { return {"127.0.0.1", port_}; }
  int connections() const { return connections_; }
  Loop& loop() { return loop_; }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code failure, asio::ip::tcp::socket socket) {
      if (failure) return;
      ++connections_;
      kept_.push_back(std::make_shared<OldConnection>(std::move(socket)));
      behave_(kept_.back());
      accept();
    });
  }

  SilentLog log_;
  Loop loop_{0, log_};
  const Behaviour behave_;
  asio::ip::tcp::acceptor acceptor_;
  const std::uint16_t port_ = acceptor_.local_endpoint().port();
  std::atomic<int> connections_{0};
  std::vector<std::shared_ptr<OldConnection>> kept_;  // open until the server ends, unless the test closes them
};

}  // namespace p2p::host
