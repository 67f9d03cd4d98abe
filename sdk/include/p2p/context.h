// What may a service ask of its host while it runs? Everything goes through the Context passed to start(), which lives
// until stop() has returned.
#pragma once

#include <p2p/call.h>
#include <p2p/config.h>
#include <p2p/log.h>
#include <p2p/metrics.h>
#include <p2p/node_address.h>
#include <p2p/peers.h>
#include <p2p/result.h>
#include <p2p/strand.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p {

struct NodeInfo {
  NodeAddress self;     // as other nodes reach it; known from start() on
  std::string name;     // of the configuration overlay, or the host's name
  std::string cluster;  // nodes of different clusters refuse each other
  std::filesystem::path
      data_dir;  // exists, made with mode 0700; a service keeps its files in a folder of its own name there
  std::int64_t incarnation = 0;  // microseconds since 1970 when this process started
  bool allow_remote_die = false;
  std::uint64_t message_bytes_max = std::uint64_t{16}
                                    << 20;  // [host] frame_bytes_max: of one message of a client or a node
  std::vector<std::string> services = {};   // that the node runs from its start on, by name, sorted
};

// Every method: [any thread] unless it says [control], which means: within configure, start, ready, drain or stop.
class P2P_API Context {
 public:
  virtual ~Context();

  virtual const std::string& service_name() const noexcept = 0;  // NAME of [services.NAME]
  virtual const NodeInfo& node() const noexcept = 0;
  virtual const Config& config() const noexcept = 0;  // see Plugin::reconfigure [control]
  virtual Logger& log() noexcept = 0;

  // Offers `service` to others under I::kId, which the descriptor must list in its provides. [control]
  template <class I>
  Result<Done> provide(std::shared_ptr<I> service) {
    return provide_any(I::kId, std::move(service));
  }

  // Another service's interface, by its versioned id, which the descriptor must list in its requires (never null once
  // start() runs) or its optional (null when nobody provides it). An id that the descriptor does not list is the
  // plugin's bug and throws std::logic_error. Release it in stop(). [control]
  template <class I>
  std::shared_ptr<I> require() {
    return std::static_pointer_cast<I>(lookup(I::kId, true));
  }
  template <class I>
  std::shared_ptr<I> find() {
    return std::static_pointer_cast<I>(lookup(I::kId, false));
  }

  // Serves `endpoint` under the service's name (see ServiceSpec); it gets calls once the whole node is ready. Refused
  // when the name is taken. The host releases `endpoint` after stop(). [control]
  virtual Result<Done> serve(ServiceSpec spec, std::shared_ptr<Endpoint> endpoint) = 0;

  virtual std::shared_ptr<Strand> strand(const std::string& name) = 0;
  virtual WorkerPool& pool() noexcept = 0;

  // A thread of the service's own, named "p2p:NAME/name". `body` must return soon after a stop is requested through its
  // token, which happens just before stop() runs. [control]
  virtual void spawn(const std::string& name, std::function<void(std::stop_token)> body) = 0;

  virtual Peers& peers() noexcept = 0;

  // metrics().show_gauge(), without a help text and for whole numbers. Where only a name fits, as in `p2pctl status`,
  // the values of labels are appended to it: gauge("keys", {{"state", "done"}}, ...) is "keys_done" there. [control]
  virtual void gauge(const std::string& name, const Labels& labels, std::function<std::int64_t()> read);
  void gauge(const std::string& name, std::function<std::int64_t()> read) { gauge(name, {}, std::move(read)); }

  // Asks the node to leave the network and exit, as SIGTERM does; returns at once. `why` goes to the log.
  virtual void request_leave(const std::string& why) = 0;

  // The service cannot go on, and the node not without it, as when its disk fails: the same, but the node ends with a
  // failure: with exit code 71 if `why` is ErrorKind::local, else with 69.
  virtual void request_end(const Error& why) = 0;

 private:
  virtual Result<Done> provide_any(const char* id, std::shared_ptr<void> service) = 0;
  virtual std::shared_ptr<void> lookup(const char* id, bool required) = 0;

 public:
  // Between ready() and its completion: the service is waiting for other nodes, which no time limit of its own can
  // bring. `why` names them for `p2pctl status`, the log and the service manager; "" ends the wait, as does the
  // completion. The wait does not count against `[host] start_timeout`; `[host] network_timeout` bounds it.
  virtual void waits_for_network(const std::string& why) = 0;

  // What the service counts and measures. [any thread]
  virtual Metrics& metrics() noexcept = 0;
};

}  // namespace p2p
