// How does an author test a plugin? In a real node: TestNode runs the host's own configuration reader, loader and
// serving engine inside the test's process, TestCluster runs several of them. Only the process differs from p2phost:
// the port is a free one, the data folder is temporary, log lines are kept for the test, and what the environment sets
// is ignored.
//
// Plugins are found by name, as ever. The one that is linked into the test (NAME_objs of p2p_add_plugin) goes before a
// file of its name; files are looked for in NodeOptions::plugin_dirs, and then among the shipped plugins.
//
// Nothing here depends on a test framework: failures are exceptions (std::runtime_error), and say what the node logged.
// Methods are for the test's thread, unless they say [any thread]. Waiting has an end everywhere: a `patience` that is
// over throws.
#pragma once

#include <p2p/export.h>
#include <p2p/location.h>
#include <p2p/locator.h>
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

// How long waiting goes on when the test does not say: what takes longer, under a sanitizer on a busy machine too,
// hangs.
inline constexpr Duration kPatience = std::chrono::seconds(30);

// Every field has a default, so that a test names what it cares about: NodeOptions{.toml = "[services.hello]"}.
struct NodeOptions {
  // The configuration, as it would stand in a file; mistakes are told as "node.toml:LINE:COLUMN". The harness itself
  // decides [host] listen, data_dir, cluster, plugin_dirs and allow_unsafe_plugins, and keeps the locator from looking
  // for other nodes of this machine unless `discover` says otherwise.
  std::string toml = {};

  // Folders of plugins' files, searched in this order.
  std::vector<std::filesystem::path> plugin_dirs = {};

  // Whether the plugins that came with this library (locator, diststore) are found too. Without them a test may bring a
  // plugin of one of their names in a file of its own.
  bool shipped_plugins = true;

  // Members to join. Needs the real locator.
  std::vector<Location> join = {};

  // Puts a FakeLocator in the place of the locator plugin. The service is called locator, and needs no table in `toml`.
  bool fake_locator = false;

  // Writes log lines to the standard error too, while a test is being written.
  bool echo_log = false;
};

// A connection to a node, and the generated client on it. Closed when the last of its copies is destroyed. One thread
// at a time. A call that is not answered within kPatience ends with Thrift's TTransportException.
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

// The locator of a node whose ring the test decides. To plugins it is an ILocator/2 like any other, with a strand,
// layers and listeners; to clients it is the service `locator`. At first the node is the only member. Methods that
// change the ring return when everybody has been told; they throw std::logic_error while the node does not run.
//
// A key belongs to who was named by set_owner(), if that is a member, and otherwise to one that follows from key and
// members alone: when a member comes or goes, only keys that it gets or had change their owner.
class P2P_API FakeLocator final {
 public:
  // What the harness is made of; not for authors.
  struct Parts;
  explicit FakeLocator(std::shared_ptr<Parts> parts);
  ~FakeLocator();
  FakeLocator(const FakeLocator&) = delete;
  FakeLocator& operator=(const FakeLocator&) = delete;

  Location self() const;                         // of the node [any thread]
  std::shared_ptr<const RingView> view() const;  // the newest [any thread]

  // Exactly these are members from now on, the node itself only if it is named. Listeners are told; layers do not run.
  void set_members(std::vector<Location> members);
  void set_owner(const std::string& key, const Location& owner);

  // A node joins, or leaves, as the real locator would let it: layers run, the highest priority first, then the ring
  // changes and listeners are told. Returns when the change has gone all the way; throws, naming the layer, when one of
  // them keeps its `next` for longer than `patience`. The same happens, later, when a client sends join, add or remove
  // to this node.
  void run_add(const Location& joined, Duration patience = kPatience);
  void run_remove(const Location& left, Duration patience = kPatience);

  // This node leaves: it is taken off the ring, then cleanup() of every layer runs. TestNode::leave() does the same,
  // unless this was called before: cleanup runs once.
  void run_cleanup(Duration patience = kPatience);

  // What the plugin passed to report_unreachable(), oldest first. [any thread]
  std::vector<Location> reported_unreachable() const;

 private:
  std::shared_ptr<Parts> parts_;
};

// One node in the test's process. Several may run at once.
class P2P_API TestNode final {
 public:
  // Starts the node, and returns when all its services are ready. Throws std::runtime_error when the configuration is
  // refused, a service fails to start, or the node is not ready within [host] start_timeout; the text holds the
  // messages or the node's log. A step of a plugin that does not return (its thread cannot be ended) is named, and left
  // behind with its node.
  explicit TestNode(NodeOptions options);
  // Stops the node if it runs, and removes its data folder.
  ~TestNode();
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  Location location() const;               // where it serves, or has served [any thread]
  std::filesystem::path data_dir() const;  // lives as long as this object [any thread]
  bool is_running() const;                 // false also when it has ended by itself [any thread]

  // Who is in the network, by the answer of this node's service `locator`; sorted by name. [any thread]
  std::vector<Location> members() const;

  // A connected client of the service by this name. [any thread]
  //   auto store = node.client<diststore::StoreClient>("diststore");
  //   store->put("key", "value");
  template <class Client>
  Connected<Client> client(const std::string& service) const {
    return Connected<Client>(connect(service));
  }
  // The same without a service's name in its calls: the node's default service answers.
  template <class Client>
  Connected<Client> default_client() const {
    return Connected<Client>(connect(""));
  }

  // What the node has logged, oldest first: "error hello: no such file". Lines of level `debug` and `trace` need [log]
  // level. [any thread]
  std::vector<std::string> log_lines() const;
  bool has_logged(std::string_view text) const;  // in any line [any thread]
  // Returns once a line holds `text`; throws with the whole log when `patience` is over. [any thread]
  void wait_for_log(std::string_view text, Duration patience = kPatience) const;

  // Lives as long as this object. Throws std::logic_error unless NodeOptions::fake_locator is set.
  FakeLocator& fake_locator();

  // Stops one service, whatever it says would be lost, and starts it again as a new object, while the others go on.
  // Throws when either cannot be done: others require it, say, or it fails to start.
  void restart(const std::string& service);

  // Makes `toml` the node's configuration, as an operator does who edits the file and reloads it: services come, go,
  // restart or are reconfigured. Throws when not all of it could be done; what could be is.
  void reload(const std::string& toml);

  // Ends the node: leave() lets services hand over what others need, as SIGTERM does; stop() only ends the calls in
  // hand. When they return, nothing of the node runs any more. They do nothing when the node has ended already, and
  // throw, after the drain_timeout and kPatience, when a plugin keeps it from ending.
  void leave();
  void stop();

  // The code with which p2phost would have ended; 0: all is well. Throws std::logic_error while the node runs.
  int exit_code() const;

  // "" after the end of a plugin that cleans up, or one line for each thing that stayed and was not there before the
  // node was started: threads, open descriptors, and references to objects that the host gave to the plugin (another
  // service's interface, a strand). Connections of client() do not count. Throws std::logic_error while any TestNode of
  // this process runs, because nobody can tell then what belongs to which.
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
  // TestNode does. `options` name the real locator ([services.locator]), and neither `join` nor `fake_locator`.
  TestCluster(std::size_t count, const NodeOptions& options);
  ~TestCluster();  // stops what runs
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  std::size_t size() const noexcept;
  TestNode& node(std::size_t number);  // from 0; throws std::out_of_range

  // Returns once every node that runs knows exactly `count` members; throws, with what each knows, when `patience` is
  // over.
  void wait_for_members(std::size_t count, Duration patience = kPatience) const;

  void stop();  // the last first

  // As TestNode's, of all of them together.
  std::string leftovers() const;

 private:
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

}  // namespace p2p::testing
