#include "wire/peer_service.h"

#include "wire/messages.h"

#include <Membership.h>

#include <utility>

namespace p2p::wire {
namespace {

using membership::MemberState;

// Hands a message to the node, and the node's view or refusal to `answer`.
template <class Presult>
void hear(ring::Node& node, Result<membership::Message> message, Answer<Presult> answer) {
  if (!message.ok()) return answer.fail(CallFault::protocol_error, message.error().text);
  auto kept = std::make_shared<Answer<Presult>>(std::move(answer));
  node.hear(std::move(message).value(), [kept](Result<membership::View> view) {
    if (!view.ok()) return kept->fail(CallFault::internal_error, view.error().text);
    (*kept)(to_wire(view.value()));
  });
}

Result<membership::Message> read_join(const ::membership::Member& row) {
  auto self = from_wire(row);
  if (!self.ok()) return self.error();
  return membership::Message(membership::Join{std::move(self).value()});
}

// The method says what the row is about; a row that says otherwise is none.
Result<membership::Message> read_news(const ::membership::Member& row, std::vector<std::string>& authorities,
                                      bool is_about_a_joiner) {
  auto member = from_wire(row);
  if (!member.ok()) return member.error();
  if ((member.value().state == MemberState::alive) != is_about_a_joiner)
    return Error{ErrorKind::protocol, "the row's state does not fit the method"};
  auto names = checked_authorities(std::move(authorities));
  if (!names.ok()) return names.error();
  return membership::Message(membership::PassOn{std::move(member).value(), std::move(names).value()});
}

Result<membership::Message> read_compare(const ::membership::View& ours) {
  auto view = from_wire(ours);
  if (!view.ok()) return view.error();
  return membership::Message(membership::Compare{std::move(view).value()});
}

}  // namespace

void add_membership_methods(Methods& methods, std::shared_ptr<ring::Node> node) {
  using namespace ::membership;
  methods.on<Membership_join_args, Membership_join_presult>(
      "join", [node](auto& args, auto answer) { hear(*node, read_join(args.joiner), std::move(answer)); });
  methods.on<Membership_add_args, Membership_add_presult>("add", [node](auto& args, auto answer) {
    hear(*node, read_news(args.member, args.authorities, true), std::move(answer));
  });
  methods.on<Membership_remove_args, Membership_remove_presult>("remove", [node](auto& args, auto answer) {
    hear(*node, read_news(args.member, args.authorities, false), std::move(answer));
  });
  methods.on<Membership_compare_args, Membership_compare_presult>(
      "compare", [node](auto& args, auto answer) { hear(*node, read_compare(args.ours), std::move(answer)); });
}

}  // namespace p2p::wire
