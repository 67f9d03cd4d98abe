#include "classic/wire/peer_service.h"

#include "classic/wire/messages.h"

#include <Membership.h>

#include <utility>

namespace p2p::wire {
namespace {

using classic::MemberState;

// Hands a message to the core on the node's strand, and passes the core's view or refusal to `answer`.
class Listener final {
 public:
  Listener(std::shared_ptr<ring::LocatorShell> node, std::shared_ptr<classic::Adapter> membership)
      : node_(std::move(node)), membership_(std::move(membership)) {}

  template <class Presult>
  void on_message(Result<classic::Message> message, Answer<Presult> answer) const {
    if (!message.ok()) return answer.fail(CallFault::protocol_error, message.error().text);
    auto kept = std::make_shared<Answer<Presult>>(std::move(answer));
    node_->post_event(
        [membership = membership_, message = std::move(message).value(), kept](TimePoint now, auto& effects) {
          const auto view = membership->handle(message, now, effects);
          if (!view.ok()) return kept->fail(CallFault::internal_error, view.error().text);
          (*kept)(to_wire(view.value()));
        });
  }

 private:
  std::shared_ptr<ring::LocatorShell> node_;
  std::shared_ptr<classic::Adapter> membership_;
};

Result<classic::Message> read_join(const ::membership::Member& row) {
  auto self = from_wire(row);
  if (!self.ok()) return self.error();
  return classic::Message(classic::Join{std::move(self).value()});
}

// The method fixes what the row must state; a row that states otherwise is rejected.
Result<classic::Message> read_news(const ::membership::Member& row, std::vector<std::string>& visited_nodes,
                                   bool is_about_a_joiner) {
  auto member = from_wire(row);
  if (!member.ok()) return member.error();
  if ((member.value().state == MemberState::alive) != is_about_a_joiner)
    return Error{ErrorKind::protocol, "the row's state does not fit the method"};
  auto names = checked_visited_nodes(std::move(visited_nodes));
  if (!names.ok()) return names.error();
  return classic::Message(classic::PassOn{std::move(member).value(), std::move(names).value()});
}

Result<classic::Message> read_compare(const ::membership::View& ours) {
  auto view = from_wire(ours);
  if (!view.ok()) return view.error();
  return classic::Message(classic::Compare{std::move(view).value()});
}

}  // namespace

void add_membership_methods(Methods& methods, std::shared_ptr<ring::LocatorShell> node,
                            std::shared_ptr<classic::Adapter> membership) {
  using namespace ::membership;
  const Listener at{std::move(node), std::move(membership)};
  methods.on<Membership_join_args, Membership_join_presult>(
      "join", [at](auto& args, auto answer) { at.on_message(read_join(args.joiner), std::move(answer)); });
  methods.on<Membership_add_args, Membership_add_presult>("add", [at](auto& args, auto answer) {
    at.on_message(read_news(args.member, args.authorities, true), std::move(answer));
  });
  methods.on<Membership_remove_args, Membership_remove_presult>("remove", [at](auto& args, auto answer) {
    at.on_message(read_news(args.member, args.authorities, false), std::move(answer));
  });
  methods.on<Membership_compare_args, Membership_compare_presult>(
      "compare", [at](auto& args, auto answer) { at.on_message(read_compare(args.ours), std::move(answer)); });
}

}  // namespace p2p::wire
