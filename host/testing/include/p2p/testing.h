// How does an author test a plugin? In a real node: TestNode runs the host's own configuration reader, loader and
// serving engine inside the test's process, TestCluster runs several of them. Only the process differs from p2phost:
// the port is a free one, the data folder is temporary, log lines are kept for the test, and what the environment sets
// is ignored.
//
// Plugins are found by name, as usual. A plugin linked into the test (NAME_objs of p2p_add_plugin) takes precedence
// over a file of its name; files are searched in NodeOptions::plugin_dirs, then among the shipped plugins.
//
// Nothing here depends on a test framework: failures are exceptions (std::runtime_error), and say what the node logged.
// Methods are for the test's thread, unless they say [any thread]. Every wait has a limit: it throws when its
// `patience` is over.
#pragma once

#include <p2p/export.h>
#include <p2p/locator.h>
#include <p2p/node_address.h>
#include <p2p/store.h>
#include <p2p/units.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apache::thrift::protocol {
class TProtocol;
}

namespace p2p::testing {

// The default limit of waits: what takes longer, even under a sanitizer on a busy machine, hangs.
inline constexpr Duration kPatience = std::chrono::seconds(30);

// Every field has a default, so that a test names what it cares about: NodeOptions{.toml = "[services.hello]"}.
struct NodeOptions {
  // The configuration, as in a file; mistakes are reported as "node.toml:LINE:COLUMN". The harness itself sets [host]
  // listen, data_dir, cluster, plugin_dirs and allow_unsafe_plugins, and keeps the locator from looking for other nodes
  // on this machine unless `discover` says otherwise.
  std::string toml = {};

  // Folders with plugin files, searched in this order.
  std::vector<std::filesystem::path> plugin_dirs = {};

  // Whether the plugins that come with this library (locator, diststore) are found, too. Without them a test may
  // provide its own file for a plugin of one of their names.
  bool shipped_plugins = true;

  // Members to join. Needs the real locator.
  std::vector<NodeAddress> join = {};

  // Replaces the locator plugin with a FakeLocator. The service is called locator, and needs no table in `toml`.
  bool fake_locator = false;

  // Replaces the diststore plugin with a FakeStore. The service is called diststore, and needs no table in `toml`.
  bool fake_store = false;

  // Also writes log lines to the standard error; for writing a test.
  bool echo_log = false;
};

// A connection to a node, and the generated client on it. Closed when its last copy is destroyed. One thread at a time.
// A call that is not answered within kPatience throws Thrift's TTransportException.
template <class Client>
class Connected {
 public:
  explicit Connected(std::shared_ptr<apache::thrift::protocol::TProtocol> protocol)
      : client_(std::make_shared<Client>(std::move(protocol))) {}

  Client* operator->() const noexcept { return client_.get(); }
  Client& operator*() const noexcept { return *client_; }

 private:
  std::shared_ptr<Client> client_;
};

// The locator of a node whose ring the test decides. To plugins it is an ILocator/3 like any other, with a strand,
// layers and listeners; to clients it is the service `locator`. At first the node is the only member. Methods that
// change the ring return when every listener was called; they throw std::logic_error while the node does not run.
//
// A key belongs to the node set by set_owner(), if that is a member, and otherwise to one that depends on key and
// members alone: when a member joins or leaves, only keys that it gets or had change their owner.
class P2P_API FakeLocator final {
 public:
  // The harness's internals; not for authors.
  struct Parts;
  explicit FakeLocator(std::shared_ptr<Parts> parts);
  ~FakeLocator();
  FakeLocator(const FakeLocator&) = delete;
  FakeLocator& operator=(const FakeLocator&) = delete;

  NodeAddress self() const;                      // the node's [any thread]
  std::shared_ptr<const RingView> view() const;  // the newest [any thread]

  // Exactly these are members from now on, the node itself only if listed. Listeners are called; layers do not run.
  void set_members(std::vector<NodeAddress> members);
  void set_owner(const std::string& key, const NodeAddress& owner);

  // Until when the node may act as owner, as its services and the host see it; at first for ever. [any thread]
  void set_lease_held_until(TimePoint until);

  // A node joins, or leaves, as with the real locator: layers run, the highest priority first, then the ring changes
  // and listeners are called. Returns when the change is complete; throws, naming the layer, when one of them keeps its
  // `next` for longer than `patience`. The same happens, later, when a client sends join, add or remove to this node.
  void run_add(const NodeAddress& joined, Duration patience = kPatience);
  void run_remove(const NodeAddress& left, Duration patience = kPatience);

  // This node leaves: it is removed from the ring, then cleanup() of every layer runs. TestNode::leave() does the same,
  // unless this was called before: cleanup runs once.
  void run_cleanup(Duration patience = kPatience);

  // What the plugin passed to report_unreachable(), oldest first. [any thread]
  std::vector<NodeAddress> reported_unreachable() const;

 private:
  std::shared_ptr<Parts> parts_;
};

// The store of a node, as far as services keep state in it (<p2p/store.h>): an IStore/1 in memory, which the test
// reads, writes and lets fail. Calls are answered before they return. Every method: [any thread].
class P2P_API FakeStore final {
 public:
  // The harness's internals; not for authors.
  struct Parts;
  explicit FakeStore(std::shared_ptr<Parts> parts);
  ~FakeStore();
  FakeStore(const FakeStore&) = delete;
  FakeStore& operator=(const FakeStore&) = delete;

  RouteState state(const std::string& space, const std::string& route_key) const;
  void set_state(const std::string& space, const std::string& route_key, RouteState state);

  // The next update that would change something meets a conflict: `meanwhile` changes the same route key after its
  // `change` has run, which then runs once more.
  void conflict_next(Space::Change meanwhile);

  enum class Executed : std::uint8_t { no, yes };
  // The next update that would change something ends with `error`; whether the change is made all the same is for
  // errors of which may_have_run() is true.
  void fail_next(Error error, Executed executed);

 private:
  std::shared_ptr<Parts> parts_;
};

// One node in the test's process. Several may run at once.
class P2P_API TestNode final {
 public:
  // Starts the node, and returns when all its services are ready. Throws std::runtime_error when the configuration is
  // refused, a service fails to start, or the node is not ready within [host] start_timeout; the text holds the
  // messages or the node's log. If a plugin's step does not return (its thread cannot be ended), the text names it, and
  // it is left behind with its node.
  explicit TestNode(NodeOptions options);
  // Stops the node if it runs, and removes its data folder.
  ~TestNode();

  NodeAddress address() const;             // where it serves, or served [any thread]
  std::filesystem::path data_dir() const;  // lives as long as this object [any thread]
  bool is_running() const;                 // also false when it has ended by itself [any thread]

  // The network's members, as this node's service `locator` answers; sorted by name. [any thread]
  std::vector<NodeAddress> members() const;

  // A connected client of the service with this name. [any thread]
  //   auto store = node.client<diststore::StoreClient>("diststore");
  //   store->put("key", "value");
  template <class Client>
  Connected<Client> client(const std::string& service) const {
    return Connected<Client>(connect(service));
  }
  // The same, with no service name in its calls: the node's default service answers.
  template <class Client>
  Connected<Client> default_client() const {
    return Connected<Client>(connect(""));
  }

  // What the node has logged, oldest first: "error hello: no such file". Lines of level `debug` and `trace` need [log]
  // level. [any thread]
  std::vector<std::string> log_lines() const;
  bool has_logged(std::string_view text) const;  // in any line [any thread]
  // Returns once a line contains `text`; throws with the whole log when `patience` is over. [any thread]
  void wait_for_log(std::string_view text, Duration patience = kPatience) const;

  // Lives as long as this object. Throws std::logic_error unless NodeOptions::fake_locator is set.
  FakeLocator& fake_locator();
  // The same for NodeOptions::fake_store.
  FakeStore& fake_store();

  // Stops one service, even if it says that something would be lost, and starts it again as a new object, while the
  // others go on. Throws when either fails: others require it, say, or it does not start.
  void restart(const std::string& service);

  // Makes `toml` the node's configuration, as an operator does by editing the file and reloading: services start, stop,
  // restart or are reconfigured. Throws when some of it could not be done; the rest is done.
  void reload(const std::string& toml);

  // Ends the node: leave() lets services hand over what others need, as SIGTERM does; stop() only finishes the calls in
  // flight. When they return, nothing of the node runs any more. They do nothing when the node has ended already, and
  // throw, after the drain_timeout and kPatience, when a plugin keeps it from ending.
  void leave();
  void stop();

  // The code with which p2phost would have ended; 0: all is well. Throws std::logic_error while the node runs.
  int exit_code() const;

  // "" if the plugin has cleaned up, else one line for each thing left that was not there before the node started:
  // threads, open descriptors, and references to objects that the host lent to the plugin (another service's interface,
  // a strand). Connections of client() do not count. Throws std::logic_error while any TestNode of this process runs,
  // because then it is unknown what belongs to which.
  std::string leftovers() const;

 private:
  friend class TestCluster;
  struct Impl;

  std::string held_references() const;
  std::shared_ptr<apache::thrift::protocol::TProtocol> connect(const std::string& service) const;

  std::unique_ptr<Impl> impl_;
};

// Several nodes in one process, each joined to the first; for plugins that work together over the network.
class P2P_API TestCluster final {
 public:
  // Starts `count` nodes with the same options, one after the other, and waits until each knows all of them. Throws as
  // TestNode does. `options` must configure the real locator ([services.locator]), and set neither `join` nor
  // `fake_locator`.
  TestCluster(std::size_t count, const NodeOptions& options);
  ~TestCluster();  // stops nodes that run
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  std::size_t size() const noexcept;
  TestNode& node(std::size_t number);  // from 0; throws std::out_of_range

  // Returns once every node that runs knows exactly `count` members; throws, with what each knows, when `patience` is
  // over.
  void wait_for_members(std::size_t count, Duration patience = kPatience) const;

  void stop();  // in reverse order

  // As TestNode::leftovers(), for all nodes together.
  std::string leftovers() const;

 private:
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

}  // namespace p2p::testing
