#include "classic/classic.h"

#include "classic/wire/peer_service.h"

#include <utility>

namespace p2p::classic {
namespace {

// Hands the 2009 system's add and remove to the core on the node's strand.
class ClassicCalls final : public ring::Announcements {
 public:
  ClassicCalls(std::shared_ptr<ring::LocatorShell> node, std::shared_ptr<Adapter> membership)
      : node_(std::move(node)), membership_(std::move(membership)) {}

  void add(const NodeAddress& address, std::vector<NodeAddress> visited) override {
    node_->post_event([membership = membership_, address, visited = std::move(visited)](TimePoint now, auto& effects) {
      membership->add(address, visited, now, effects);
    });
  }
  void remove(const NodeAddress& address, std::vector<NodeAddress> visited) override {
    node_->post_event([membership = membership_, address, visited = std::move(visited)](TimePoint now, auto& effects) {
      membership->remove(address, visited, now, effects);
    });
  }

 private:
  const std::shared_ptr<ring::LocatorShell> node_;
  const std::shared_ptr<Adapter> membership_;
};

}  // namespace

ClassicOptions read_options(const Config& config) {
  ClassicOptions options;
  options.failed_connects.attempts = static_cast<int>(config.integer("connect_attempts"));
  options.compare_interval = config.duration("compare_interval");
  return options;
}

ring::Implementation assemble(Member self, const ClassicOptions& options, Duration call_timeout,
                              membership::Carrier carry) {
  const auto adapter = std::make_shared<Adapter>(std::move(self), options, call_timeout);
  return {.membership = adapter,
          .carry = std::move(carry),
          .peer_idl = "membership.Membership",
          .add_peer_methods = [adapter](Methods& methods,
                                        const auto& node) { wire::add_membership_methods(methods, node, adapter); },
          .make_announcements = [adapter](const auto& node) { return std::make_shared<ClassicCalls>(node, adapter); }};
}

Result<ring::Implementation> make_classic(Context& context) {
  const Member self{context.node().self, context.node().incarnation, MemberState::alive};
  return assemble(self, read_options(context.config()), context.config().duration("call_timeout"),
                  carrier(context.peers(), ring::peer_service(context)));
}

}  // namespace p2p::classic
