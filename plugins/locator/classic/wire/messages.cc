#include "classic/wire/messages.h"

#include <p2p/call.h>
#include <p2p/handlers.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace p2p::wire {
namespace {

using classic::CallOutcome;
using classic::CallResult;
using classic::Member;
using classic::MemberState;
using classic::View;

// In the order of MemberState.
constexpr ::membership::MemberState::type kWireStates[] = {
    ::membership::MemberState::alive, ::membership::MemberState::leaving, ::membership::MemberState::removed};

std::optional<MemberState> state_of(::membership::MemberState::type state) {
  const auto found = std::find(std::begin(kWireStates), std::end(kWireStates), state);
  if (found == std::end(kWireStates)) return std::nullopt;
  return static_cast<MemberState>(found - std::begin(kWireStates));
}

::membership::Member row_of(const Member& member) {
  ::membership::Member row;
  row.address = member.address.host;
  row.port = member.address.port;
  row.incarnation = member.incarnation;
  row.state = kWireStates[static_cast<std::size_t>(member.state)];
  return row;
}

std::string encode(const classic::Join& join) {
  ::membership::Membership_join_args args;
  args.joiner = row_of(join.self);
  return p2p::encode_call("join", args);
}

std::string encode(const classic::PassOn& news) {
  if (news.row.state == MemberState::alive) {
    ::membership::Membership_add_args args;
    args.member = row_of(news.row);
    args.authorities = news.visited_nodes;
    return p2p::encode_call("add", args);
  }
  ::membership::Membership_remove_args args;
  args.member = row_of(news.row);
  args.authorities = news.visited_nodes;
  return p2p::encode_call("remove", args);
}

std::string encode(const classic::Compare& compare) {
  ::membership::Membership_compare_args args;
  args.ours = wire::to_wire(compare.ours);
  return p2p::encode_call("compare", args);
}

// A survey has a form of its own (encode_get_all); it is never sent to a node of ours.
std::string encode(const classic::Survey&) { return encode_get_all(); }

std::vector<locator::Location> addresses_of(const std::vector<std::string>& names) {
  std::vector<locator::Location> addresses;
  addresses.reserve(names.size());
  for (const std::string& name : names) {
    if (const auto address = parse_node_address(name); address.ok()) addresses.push_back(p2p::to_wire(address.value()));
  }
  return addresses;
}

template <class Args>
std::string encode_classic(const char* method, const classic::PassOn& news) {
  Args args;
  args.location = p2p::to_wire(news.row.address);
  args.authorities = addresses_of(news.visited_nodes);
  return p2p::encode_call(method, args);
}

CallOutcome outcome_of(ErrorKind failure) {
  // `unreachable` is equivalent to a broken connection: it is asked again soon, as an attempt of its own.
  static const std::map<ErrorKind, CallOutcome> outcomes = {
      {ErrorKind::refused, CallOutcome::refused},     {ErrorKind::silent, CallOutcome::unheard},
      {ErrorKind::wrong_node, CallOutcome::stranger}, {ErrorKind::local, CallOutcome::unable},
      {ErrorKind::closed, CallOutcome::broken},       {ErrorKind::protocol, CallOutcome::broken},
      {ErrorKind::unreachable, CallOutcome::broken},  {ErrorKind::unsupported, CallOutcome::classic}};
  const auto known = outcomes.find(failure);
  return known == outcomes.end() ? CallOutcome::silent : known->second;
}

// A node of ours without a locator. One whose locator is disabled or leaving answers with another text.
bool runs_no_locator(const Error& error) { return error.text.starts_with(kUnknownPrefix); }

// The four calls have the same result; their generated types differ in name, not in bytes.
Result<View> decode_view(std::string_view reply) {
  const auto decoded = decode_reply<::membership::Membership_compare_result>(reply);
  if (!decoded.ok()) return decoded.error();
  if (!decoded.value().__isset.success) return Error{ErrorKind::protocol, "the reply has no view"};
  return from_wire(decoded.value().success);
}

}  // namespace

std::string encode_call(const classic::Message& message) {
  return std::visit([](const auto& kind) { return encode(kind); }, message);
}

std::string encode_classic_call(const classic::Message& message) {
  const auto* news = std::get_if<classic::PassOn>(&message);
  if (news == nullptr) return encode_get_all();
  const bool is_added = news->row.state == MemberState::alive;
  return is_added ? encode_classic<locator::Locator_add_args>("add", *news)
                  : encode_classic<locator::Locator_remove_args>("remove", *news);
}

std::string encode_get_all() { return p2p::encode_call("get_all", locator::Locator_get_all_args()); }

std::string encode_classic_join(const NodeAddress& joiner) {
  locator::Locator_join_args args;
  args.location = p2p::to_wire(joiner);
  return p2p::encode_call("join", args);
}

Result<std::vector<NodeAddress>> read_get_all(const Result<std::string>& reply) {
  if (!reply.ok()) return reply.error();
  const auto decoded = decode_reply<locator::Locator_get_all_result>(reply.value());
  if (!decoded.ok()) return decoded.error();
  if (decoded.value().success.size() > kRowsMax) return Error{ErrorKind::protocol, "a list of members is too long"};
  std::vector<NodeAddress> members;
  for (const auto& member : decoded.value().success) members.push_back(p2p::from_wire(member));
  return members;
}

CallResult read_classic_reply(const classic::Message& message, const Result<std::string>& reply) {
  const bool is_survey = std::holds_alternative<classic::Survey>(message);
  if (!reply.ok()) {
    // A node that breaks off or sends nonsense instead of its members is not of the 2009 system.
    const ErrorKind kind = reply.error().kind;
    if (is_survey && (kind == ErrorKind::closed || kind == ErrorKind::protocol)) return {CallOutcome::stranger, {}};
    const CallOutcome outcome = outcome_of(kind);
    // It is already known to be of the 2009 system, yet it rejects even that system's own call.
    return {outcome == CallOutcome::classic ? CallOutcome::rejected : outcome, {}};
  }
  if (!is_survey) return {CallOutcome::answered, {}};
  const auto members = read_get_all(reply);
  if (!members.ok()) {
    const bool is_stranger = members.error().kind == ErrorKind::protocol || is_unknown_method(reply.value());
    return {is_stranger ? CallOutcome::stranger : CallOutcome::broken, {}};
  }
  View view;
  for (const NodeAddress& member : members.value()) {
    view.members.push_back({member, classic::kUnknownLife, MemberState::alive});
  }
  return {CallOutcome::answered, std::move(view)};
}

CallResult read_reply(const Result<std::string>& reply, std::string& why) {
  if (!reply.ok()) {
    why = reply.error().text;
    return {outcome_of(reply.error().kind), {}};
  }
  auto view = decode_view(reply.value());
  if (view.ok()) return {CallOutcome::answered, std::move(view).value()};
  why = view.error().text;
  if (runs_no_locator(view.error())) return {CallOutcome::stranger, {}};
  return {view.error().kind == ErrorKind::refused ? CallOutcome::rejected : CallOutcome::broken, {}};
}

Result<Member> from_wire(const ::membership::Member& row) {
  if (row.port < 1 || row.port > std::numeric_limits<std::uint16_t>::max()) {
    return Error{ErrorKind::protocol, "port " + std::to_string(row.port) + " of " + row.address + " is none"};
  }
  Member member{{row.address, static_cast<std::uint16_t>(row.port)}, row.incarnation, MemberState::alive};
  const auto state = state_of(row.state);
  if (!state) return Error{ErrorKind::protocol, "unknown member state"};
  member.state = *state;
  if (!is_plausible(member)) return Error{ErrorKind::protocol, "address or incarnation of a member is out of bounds"};
  return member;
}

Result<View> from_wire(const ::membership::View& view) {
  if (view.members.size() > kRowsMax) return Error{ErrorKind::protocol, "a table has too many rows"};
  View read{static_cast<std::uint64_t>(view.fingerprint), {}};
  read.members.reserve(view.members.size());
  for (const auto& row : view.members) {
    // An implausible row is one node's mistake; the rest of its table is still useful.
    if (auto member = from_wire(row); member.ok()) read.members.push_back(std::move(member).value());
  }
  if (view.waits_for.size() > kVisitedNodesMax) return Error{ErrorKind::protocol, "a node waits for too many others"};
  for (const std::string& name : view.waits_for) {
    if (auto address = parse_node_address(name); address.ok()) read.waits_for.push_back(std::move(address).value());
  }
  return read;
}

Result<std::vector<std::string>> checked_visited_nodes(std::vector<std::string> names) {
  if (names.size() > kVisitedNodesMax) return Error{ErrorKind::protocol, "a chain has too many authorities"};
  return names;
}

::membership::View to_wire(const View& view) {
  ::membership::View on_wire;
  on_wire.fingerprint = static_cast<std::int64_t>(view.fingerprint);
  on_wire.members.reserve(view.members.size());
  for (const Member& member : view.members) on_wire.members.push_back(row_of(member));
  if (!view.waits_for.empty()) {
    on_wire.__isset.waits_for = true;
    for (const NodeAddress& address : view.waits_for) on_wire.waits_for.push_back(address.name());
  }
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
