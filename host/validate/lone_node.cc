#include "validate/lone_node.h"

#include "config/start_order.h"
#include "process/node.h"

#include <p2p/handlers.h>
#include <p2p/store.h>

#include <fmt/format.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>
#include <unistd.h>

#include <Node.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <thread>

namespace p2p::host {
namespace {

namespace thrift = apache::thrift;

// Below kStepTimeMax, so that the node itself says which service it waits for.
constexpr auto kStartTimeout = std::chrono::seconds(6);
constexpr auto kDrainTimeout = std::chrono::seconds(8);  // an instrumented node on a busy machine took five
// How often the node is asked for its state.
constexpr auto kAskPeriod = std::chrono::milliseconds(5);
constexpr int kAnswerMs = 1000;
// A whole run of a node with our own plugins takes a tenth of it.
constexpr auto kLongStay = std::chrono::seconds(1);

// --- what the node serves --------------------------------------------------------------------------------------------

bool is_provided(const std::vector<PluginFile>& plugins, const std::string& interface) {
  return std::any_of(plugins.begin(), plugins.end(), [&](const PluginFile& plugin) {
    const auto& provides = plugin.description.provides;
    return std::find(provides.begin(), provides.end(), interface) != provides.end();
  });
}

// Appends to `plugins` those of `others` that provide everything required.
Result<Done> add_providers(const std::vector<PluginFile>& others, std::vector<PluginFile>& plugins) {
  for (std::size_t index = 0; index < plugins.size(); ++index) {
    const std::vector<std::string> required = plugins[index].description.required;
    for (const std::string& interface : required) {
      if (is_provided(plugins, interface)) continue;
      const auto provider = std::find_if(others.begin(), others.end(),
                                         [&](const PluginFile& other) { return is_provided({other}, interface); });
      if (provider == others.end()) {
        return Error{ErrorKind::not_found,
                     fmt::format("no plugin in the plugin folders provides '{}', which '{}' requires; name the folder "
                                 "of one that does with --plugin-dir",
                                 interface, plugins[index].description.name)};
      }
      plugins.push_back(*provider);
    }
  }
  return Done{};
}

// A plugin that looks for a network by itself has an option `discover`. This node must not find any other: there may be
// real ones on this machine.
std::map<std::string, std::string> lonely_options(const PluginDescription& plugin, bool keeps_state) {
  std::map<std::string, std::string> texts;
  const auto set = [&texts](const Option& option, const char* key, const char* text) {
    if (option.key == key && read_text(option, text).ok()) texts.emplace(key, text);
  };
  for (const Option& option : plugin.options) {
    set(option, "discover", "none");
    if (keeps_state) set(option, "mode", "agreed");
  }
  return texts;
}

// The spaces of <p2p/store.h> need a network of this mode.
bool keeps_state(const std::vector<PluginFile>& plugins) {
  return std::ranges::any_of(plugins, [](const PluginFile& file) {
    return std::ranges::find(file.description.required, IStore::kId) != file.description.required.end();
  });
}

HostConfig lonely_config(const Subject& subject) {
  HostConfig config;
  config.listen = {"127.0.0.1", 0};
  config.port_search = 0;
  config.node = "validation";
  config.cluster = fmt::format("validation-{}", ::getpid());
  config.data_dir = (subject.scratch / "data").string();
  config.start_timeout = kStartTimeout;
  config.drain_timeout = kDrainTimeout;
  return config;
}

// --- asking it -------------------------------------------------------------------------------------------------------

std::shared_ptr<thrift::protocol::TProtocol> connect(const std::shared_ptr<thrift::transport::TSocket>& socket,
                                                     const std::string& service) {
  socket->setConnTimeout(kAnswerMs);
  socket->setRecvTimeout(kAnswerMs);
  socket->setSendTimeout(kAnswerMs);
  auto framed = std::make_shared<thrift::transport::TFramedTransport>(socket);
  framed->open();
  return std::make_shared<thrift::protocol::TMultiplexedProtocol>(
      std::make_shared<thrift::protocol::TBinaryProtocol>(framed), service);
}

// The client of a node that starts, serves and ends on another thread.
class Visitor final {
 public:
  Visitor(Node& node, std::filesystem::path admin, std::string name, Trial& trial, NodeLife& life)
      : node_(node), admin_(std::move(admin)), name_(std::move(name)), trial_(trial), life_(life) {}

  // From the node's start to its end, or until the node has ended by itself.
  void visit(const std::stop_token& has_ended) {
    while (!has_ended.stop_requested() && !is_serving()) std::this_thread::sleep_for(kAskPeriod);
    if (has_ended.stop_requested()) return;
    life_.was_ready = true;
    ask_type();
    // Entered before: the node's thread is in drain() as soon as it is asked to leave.
    enter("drain() or stop()");
    node_.request_leave("the validation is done");
    while (!has_ended.stop_requested()) {
      stay_in(status() ? "drain()" : "stop()");  // while it stops, it does not answer
      std::this_thread::sleep_for(kAskPeriod);
    }
  }

 private:
  void enter(const std::string& callbacks) {
    trial_.step(callbacks + " of " + name_);
    entered_at_ = std::chrono::steady_clock::now();
    stays_in_.clear();
  }

  // Reports the callback once it takes so long that the report will still be true when read.
  void stay_in(const std::string& callback) {
    const bool is_long = std::chrono::steady_clock::now() - entered_at_ >= kLongStay;
    if (!is_long || stays_in_ == callback) return;
    enter(callback);
    stays_in_ = callback;
  }

  std::optional<node::NodeStatus> status() {
    try {
      node::NodeClient client(connect(std::make_shared<thrift::transport::TSocket>(admin_.string()), "node"));
      node::NodeStatus status;
      client.status(status);
      return status;
    } catch (const thrift::TException&) {
      return std::nullopt;  // it does not listen yet, or no longer
    }
  }

  bool is_serving() {
    const auto seen = status();
    if (!seen) return false;
    if (seen->state != "ready") {
      stay_in("ready()");  // it listens: every start() has returned
      return false;
    }
    port_ = parse_node_address(seen->node).ok() ? parse_node_address(seen->node).value().port : 0;
    for (const auto& service : seen->services) {
      if (service.name == name_) life_.idl = service.idl;
    }
    return true;
  }

  // Over the open port, as a client does.
  void ask_type() {
    trial_.step("a call of " + name_);
    try {
      locator::BaseClient client(connect(std::make_shared<thrift::transport::TSocket>("127.0.0.1", port_), name_));
      client.service_type(life_.answer);
      life_.has_type = true;
    } catch (const thrift::TApplicationException& refusal) {
      life_.answer = refusal.what();
    } catch (const thrift::TException& failure) {
      life_.answer = std::string("no answer: ") + failure.what();
    }
  }

  Node& node_;
  const std::filesystem::path admin_;
  const std::string name_;
  Trial& trial_;
  NodeLife& life_;
  int port_ = 0;
  std::chrono::steady_clock::time_point entered_at_ = std::chrono::steady_clock::now();
  std::string stays_in_;
};

// The log lines "DATE TIME LEVEL NAME: TEXT" of level error, as "NAME: TEXT". Sanitizer reports, too.
std::vector<std::string> errors_in(const std::string& log) {
  std::vector<std::string> errors;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string date;
    std::string time;
    std::string level;
    words >> date >> time >> level >> std::ws;
    std::string text;
    if (level == "error" && std::getline(words, text)) errors.push_back(text);
    if (line.find("Sanitizer: ") != std::string::npos) errors.push_back(line);
  }
  return errors;
}

}  // namespace

Result<LoadedConfiguration> plan_lone_node(const Subject& subject, With with) {
  std::vector<PluginFile> plugins{plugin_of(subject)};
  const std::string name = plugins.front().description.name;
  if (with != With::subject_alone) {
    auto added = add_providers(subject.others, plugins);
    if (!added.ok()) return added.error();
  }
  if (with == With::providers_alone) plugins.erase(plugins.begin());

  LoadedConfiguration planned;
  planned.config = lonely_config(subject);
  planned.config.default_service = {name};
  std::vector<ServiceNeeds> needs;
  for (const PluginFile& file : plugins) {
    const PluginDescription& plugin = file.description;
    ServiceConfig service;
    service.name = plugin.name;
    service.plugin = file.path.string();
    service.config = config_with(plugin, lonely_options(plugin, keeps_state(plugins)));
    planned.config.services.push_back(std::move(service));
    planned.plugins.emplace(plugin.name, file);
    needs.push_back({plugin.name, plugin.provides, {}, {}});
    if (with != With::subject_alone) needs.back().required = plugin.required;
  }
  StartOrder order = find_start_order(needs);
  for (const auto& cycle : order.cycles)
    return Error{ErrorKind::invalid, "plugins wait for each other: " + cycle_text(cycle)};
  planned.start_order = std::move(order.services);
  return planned;
}

NodeLife live_once(LoadedConfiguration configuration, const std::string& name, Trial& trial) {
  NodeLife life;
  const std::size_t log_begin = trial.output().size();
  const std::filesystem::path admin = std::filesystem::path(configuration.config.data_dir) / configuration.config.admin;
  trial.step("configure(), start() or ready() of " + name);
  {
    Node node(std::move(configuration));
    Visitor visitor(node, admin, name, trial, life);
    std::jthread visit([&visitor](const std::stop_token& has_ended) { visitor.visit(has_ended); });
    life.code = node.run();
  }
  trial.step("the end of the node");
  life.errors = errors_in(trial.output(log_begin));
  return life;
}

}  // namespace p2p::host
