#include "wire/messages.h"

#include <p2p/handlers.h>

#include <limits>
#include <utility>

namespace p2p::wire {
namespace {

using membership::CallResult;
using membership::Member;
using membership::MemberState;
using membership::Outcome;
using membership::View;

::membership::Member to_wire(const Member& member) {
  ::membership::Member row;
  row.address = member.location.address;
  row.port = member.location.port;
  row.incarnation = member.incarnation;
  row.state =
      member.state == MemberState::alive ? ::membership::MemberState::alive : ::membership::MemberState::removed;
  return row;
}

std::string encode(const membership::Join& join) {
  ::membership::Membership_join_args args;
  args.joiner = to_wire(join.self);
  return p2p::encode_call("join", args);
}

std::string encode(const membership::PassOn& news) {
  if (news.row.state == MemberState::alive) {
    ::membership::Membership_add_args args;
    args.member = to_wire(news.row);
    args.authorities = news.authorities;
    return p2p::encode_call("add", args);
  }
  ::membership::Membership_remove_args args;
  args.member = to_wire(news.row);
  args.authorities = news.authorities;
  return p2p::encode_call("remove", args);
}

std::string encode(const membership::Compare& compare) {
  ::membership::Membership_compare_args args;
  args.ours = wire::to_wire(compare.ours);
  return p2p::encode_call("compare", args);
}

Outcome outcome_of(ErrorKind failure) {
  switch (failure) {
    case ErrorKind::refused:
      return Outcome::refused;
    case ErrorKind::closed:
    case ErrorKind::protocol:
      return Outcome::broken;
    case ErrorKind::timed_out:
    case ErrorKind::overloaded:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
    case ErrorKind::invalid:
    case ErrorKind::internal:
      return Outcome::silent;
  }
  return Outcome::silent;
}

// The four calls have equal results; the names of their generated types differ, their bytes do not.
Result<View> decode_view(std::string_view reply) {
  const auto decoded = decode_reply<::membership::Membership_compare_result>(reply);
  if (!decoded.ok()) return decoded.error();
  if (!decoded.value().__isset.success) return Error{ErrorKind::protocol, "the reply has no view"};
  return from_wire(decoded.value().success);
}

}  // namespace

std::string encode_call(const membership::Message& message) {
  return std::visit([](const auto& kind) { return encode(kind); }, message);
}

CallResult read_reply(const Result<std::string>& reply, std::string& why) {
  if (!reply.ok()) {
    why = reply.error().text;
    return {outcome_of(reply.error().kind), {}};
  }
  auto view = decode_view(reply.value());
  if (view.ok()) return {Outcome::answered, std::move(view).value()};
  why = view.error().text;
  return {view.error().kind == ErrorKind::refused ? Outcome::rejected : Outcome::broken, {}};
}

Result<Member> from_wire(const ::membership::Member& row) {
  if (row.port < 1 || row.port > std::numeric_limits<std::uint16_t>::max()) {
    return Error{ErrorKind::protocol, "port " + std::to_string(row.port) + " of " + row.address + " is none"};
  }
  Member member{{row.address, static_cast<std::uint16_t>(row.port)}, row.incarnation, MemberState::alive};
  const bool is_removed = row.state == ::membership::MemberState::removed;
  if (!is_removed && row.state != ::membership::MemberState::alive) {
    return Error{ErrorKind::protocol, "unknown member state"};
  }
  if (is_removed) member.state = MemberState::removed;
  if (!is_plausible(member)) return Error{ErrorKind::protocol, "address or incarnation of a member is out of bounds"};
  return member;
}

Result<View> from_wire(const ::membership::View& view) {
  if (view.members.size() > kRowsMax) return Error{ErrorKind::protocol, "a table has too many rows"};
  View read{static_cast<std::uint64_t>(view.fingerprint), {}};
  read.members.reserve(view.members.size());
  for (const auto& row : view.members) {
    // A row that makes no sense is one node's mistake; the others of its table are worth having all the same.
    if (auto member = from_wire(row); member.ok()) read.members.push_back(std::move(member).value());
  }
  return read;
}

Result<std::vector<std::string>> checked_authorities(std::vector<std::string> names) {
  if (names.size() > kAuthoritiesMax) return Error{ErrorKind::protocol, "a chain has too many authorities"};
  return names;
}

::membership::View to_wire(const View& view) {
  ::membership::View on_wire;
  on_wire.fingerprint = static_cast<std::int64_t>(view.fingerprint);
  on_wire.members.reserve(view.members.size());
  for (const Member& member : view.members) on_wire.members.push_back(to_wire(member));
  return on_wire;
}

std::string encode_table(const View& view) {
  Codec codec;
  to_wire(view).write(&codec.binary_out());
  return std::move(codec.out().block());
}

Result<View> decode_table(std::string_view bytes) {
  Codec codec;
  codec.in().attach(bytes);
  try {
    ::membership::View view;
    view.read(&codec.binary_in());
    return from_wire(view);
  } catch (const std::exception& failure) {
    return Error{ErrorKind::protocol, std::string("the table makes no sense: ") + failure.what()};
  }
}

}  // namespace p2p::wire
