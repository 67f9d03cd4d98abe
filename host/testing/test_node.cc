#include "files/temporary_folder.h"
#include "testing/client_socket.h"
#include "testing/fake_locator.h"
#include "testing/fake_store.h"
#include "testing/log_book.h"
#include "testing/node_run.h"
#include "testing/node_setup.h"
#include "testing/process_state.h"

#include <p2p/testing.h>

#include <Admin.h>
#include <Locator.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace p2p::testing {
namespace {

// A joined thread stays in the kernel's list for a moment.
constexpr auto kListDelay = std::chrono::seconds(2);
constexpr auto kListPollPeriod = std::chrono::milliseconds(5);

// Nodes of this process that have not ended, except those left behind.
std::atomic<int>& running_nodes() {
  static std::atomic<int> count{0};
  return count;
}

// The state before a node starts. A sanitizer starts a thread of its own with the first one of the process; that is not
// the node's.
ProcessState look_before_a_node() {
  std::thread([] {}).join();
  return look_at_process();
}

// Connections of this process's tests to its nodes, which are nobody's leftovers.
OpenSockets& open_sockets() {
  static OpenSockets sockets;
  return sockets;
}

}  // namespace

struct TestNode::Impl {
  explicit Impl(NodeOptions wanted)
      : options(std::move(wanted)),
        log(std::make_shared<LogBook>(options.echo_log ? LogBook::Echo::standard_error : LogBook::Echo::off)) {}

  void start() {
    FakePlugins fakes;
    if (options.fake_locator) {
      const auto parts = std::make_shared<FakeLocator::Parts>();
      locator = std::make_unique<FakeLocator>(parts);
      fakes.locator = [parts] { return make_fake_locator_plugin(parts); };
    }
    if (options.fake_store) {
      const auto parts = std::make_shared<FakeStore::Parts>();
      store = std::make_unique<FakeStore>(parts);
      fakes.store = [parts] { return make_fake_store_plugin(parts); };
    }
    const auto read = reader_for_test(options, folder.path(), std::move(fakes));
    auto loaded = read_or_throw(read);
    drain_timeout = loaded.config.drain_timeout;
    admin_socket = data_dir_in(folder.path()) / loaded.config.admin;
    run.emplace(std::move(loaded), host::NodeHooks{.log = log, .lendings = lendings, .read_again = read});
    running_nodes().fetch_add(1);
    is_counted = true;
    wait_for_start();
  }

  void wait_for_start() {
    switch (run->wait_while_starting()) {
      case NodeRun::State::starting:
      case NodeRun::State::ready:
        return;
      case NodeRun::State::hangs: {
        const std::string what = run->what_hangs();
        leave_behind();
        throw std::runtime_error("the node does not start: " + what + "; its log:\n" + log->text());
      }
      case NodeRun::State::ended:
        wait_for_end();
        throw std::runtime_error("the node ended with exit code " + std::to_string(host::number(run->exit_code())) +
                                 " before it was ready; its log:\n" + log->text());
    }
  }

  // As operators do, over the admin socket. Throws with the node's report when some of it could not be done.
  template <class Ask>
  void change(const std::string& what, Ask ask) {
    node::AdminClient admin(open_sockets().connect_admin(admin_socket, "admin"));
    node::ChangeReport report;
    admin.await_change(report, ask(admin));
    if (report.done) return;
    std::string lines;
    for (const std::string& line : report.lines) lines.append("\n").append(line);
    throw std::runtime_error("the node could not " + what + ':' + lines + "\nits log:\n" + log->text());
  }

  // False: it does not end.
  bool wait_for_end() {
    if (!run->wait_for_end(drain_timeout + kPatience)) return false;
    if (std::exchange(is_counted, false)) running_nodes().fetch_sub(1);
    return true;
  }

  void leave_behind() {
    if (std::exchange(is_counted, false)) running_nodes().fetch_sub(1);
    run.reset();
  }

  template <class Ask>
  void end(Ask ask) {
    if (!run || !is_counted) return;
    ask(run->node());
    if (wait_for_end()) return;
    leave_behind();
    throw std::runtime_error("the node has not ended " + format_duration(drain_timeout + kPatience) +
                             " after it was asked to; its log:\n" + log->text());
  }

  const NodeOptions options;
  const ProcessState before = look_before_a_node();
  const std::shared_ptr<LogBook> log;
  const std::shared_ptr<host::Lendings> lendings = std::make_shared<host::Lendings>();
  const host::TemporaryFolder folder{"p2p_node"};
  std::unique_ptr<FakeLocator> locator;
  std::unique_ptr<FakeStore> store;
  Duration drain_timeout{};
  std::filesystem::path admin_socket;
  std::optional<NodeRun> run;
  bool is_counted = false;  // among running_nodes()
};

TestNode::TestNode(NodeOptions options) : impl_(std::make_unique<Impl>(std::move(options))) { impl_->start(); }

TestNode::~TestNode() {
  try {
    stop();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "p2p::testing: %s\n", failure.what());
  }
}

NodeAddress TestNode::address() const { return impl_->run ? impl_->run->address() : NodeAddress(); }

std::filesystem::path TestNode::data_dir() const { return data_dir_in(impl_->folder.path()); }

bool TestNode::is_running() const { return impl_->run && impl_->run->state() == NodeRun::State::ready; }

std::vector<NodeAddress> TestNode::members() const {
  std::vector<locator::Location> answer;
  client<locator::LocatorClient>("locator")->get_all(answer);
  std::vector<NodeAddress> members;
  for (const auto& member : answer) members.push_back(from_wire(member));
  std::sort(members.begin(), members.end(),
            [](const NodeAddress& one, const NodeAddress& other) { return one.name() < other.name(); });
  return members;
}

std::shared_ptr<apache::thrift::protocol::TProtocol> TestNode::connect(const std::string& service) const {
  return open_sockets().connect(address(), service);
}

std::vector<std::string> TestNode::log_lines() const { return impl_->log->lines(); }

bool TestNode::has_logged(std::string_view text) const { return impl_->log->wait_for(text, Duration::zero()); }

void TestNode::wait_for_log(std::string_view text, Duration patience) const {
  if (impl_->log->wait_for(text, patience)) return;
  throw std::runtime_error("the node has not logged '" + std::string(text) + "' within " + format_duration(patience) +
                           "; its log:\n" + impl_->log->text());
}

FakeLocator& TestNode::fake_locator() {
  if (!impl_->locator) throw std::logic_error("the node has no fake locator; set NodeOptions::fake_locator");
  return *impl_->locator;
}

FakeStore& TestNode::fake_store() {
  if (!impl_->store) throw std::logic_error("the node has no fake store; set NodeOptions::fake_store");
  return *impl_->store;
}

void TestNode::restart(const std::string& service) {
  impl_->change("disable " + service, [&](node::AdminClient& admin) { return admin.disable(service, true); });
  impl_->change("enable " + service, [&](node::AdminClient& admin) { return admin.enable(service); });
}

void TestNode::reload(const std::string& toml) {
  write_configuration(impl_->folder.path(), toml);
  impl_->change("reload its configuration", [](node::AdminClient& admin) { return admin.reload(false); });
}

void TestNode::leave() {
  impl_->end([](host::Node& node) { node.request_leave("the test asks for it"); });
}

void TestNode::stop() {
  impl_->end([](host::Node& node) { node.request_stop("the test asks for it"); });
}

int TestNode::exit_code() const {
  if (!impl_->run || impl_->run->state() != NodeRun::State::ended)
    throw std::logic_error("the node has no exit code: it has not ended");
  return host::number(impl_->run->exit_code());
}

std::string TestNode::leftovers() const {
  if (running_nodes().load() > 0)
    throw std::logic_error("leftovers() while a node of this process runs: stop all of them first");
  const auto look = [this] { return find_added(impl_->before, look_at_process(), open_sockets().descriptors()); };
  auto found = look();
  const auto until = std::chrono::steady_clock::now() + kListDelay;
  while (!found.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kListPollPeriod);
    found = look();
  }
  return text_of(found) + held_references();
}

std::string TestNode::held_references() const { return text_of(impl_->lendings->still_held()); }

}  // namespace p2p::testing
