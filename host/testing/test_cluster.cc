#include <p2p/testing.h>

#include <stdexcept>
#include <thread>

namespace p2p::testing {
namespace {

constexpr auto kMembersPollPeriod = std::chrono::milliseconds(5);

}  // namespace

TestCluster::TestCluster(std::size_t count, const NodeOptions& options) {
  if (count == 0) throw std::runtime_error("a cluster has at least one node");
  if (options.fake_locator || !options.join.empty())
    throw std::runtime_error("the nodes of a cluster find each other by the real locator, each through the first");
  for (std::size_t number = 0; number < count; ++number) {
    NodeOptions own = options;
    if (number > 0) own.join = {nodes_.front()->address()};
    nodes_.push_back(std::make_unique<TestNode>(std::move(own)));
  }
  wait_for_members(count);
}

TestCluster::~TestCluster() {
  while (!nodes_.empty()) nodes_.pop_back();
}

std::size_t TestCluster::size() const noexcept { return nodes_.size(); }

TestNode& TestCluster::node(std::size_t number) { return *nodes_.at(number); }

void TestCluster::wait_for_members(std::size_t count, Duration patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (const auto& node : nodes_) {
    while (node->is_running()) {
      const auto members = node->members();
      if (members.size() == count) break;
      if (std::chrono::steady_clock::now() >= until) {
        std::string known;
        for (const NodeAddress& member : members) known += ' ' + member.name();
        throw std::runtime_error("after " + format_duration(patience) + " node " + node->address().name() +
                                 " does not know " + std::to_string(count) + " members, but:" + known);
      }
      std::this_thread::sleep_for(kMembersPollPeriod);
    }
  }
}

void TestCluster::stop() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) (*node)->stop();
}

// The state before the first node started is the state before all of them.
std::string TestCluster::leftovers() const {
  std::string text = nodes_.front()->leftovers();
  for (std::size_t number = 1; number < nodes_.size(); ++number) text += nodes_[number]->held_references();
  return text;
}

}  // namespace p2p::testing
