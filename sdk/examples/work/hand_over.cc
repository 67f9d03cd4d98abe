// How do jobs, results and ledgers reach the node that owns their key now? It asks every other node for what is its
// own, round after round, until nobody can hold any of it; see core/transfer_requests.h for when that is.
#include "service.h"
#include "wire.h"

#include <algorithm>

namespace work {
namespace {

// Answered from memory; who takes longer is busy or frozen, and is asked again.
constexpr p2p::Duration kHandOverTimeout = std::chrono::seconds(2);

// Between rounds that bring nothing: the others hear of a new ring within a few milliseconds, a job that still runs may
// take as long as it likes.
constexpr p2p::Duration kRoundPauseMin = std::chrono::milliseconds(2);
constexpr p2p::Duration kRoundPauseMax = std::chrono::milliseconds(200);

// The node runs no such service, and thus holds nothing: it is one of the 2009 system, or has it disabled.
bool runs_no_work(const p2p::Error& error) {
  return error.kind == p2p::ErrorKind::unsupported || error.text.starts_with(p2p::kUnknownPrefix) ||
         error.text.starts_with(p2p::kDisabledPrefix);
}
constexpr std::int64_t kViewVersionOfNoService = 1;

}  // namespace

// --- the node that gains keys ----------------------------------------------------------------------------------------

// From here on nothing is done by the former ring any more, and nobody who works by it gets anything from us.
void Service::look_at_ring() {
  ring_ = locator_->shared_view();
  view_ = view_id(*ring_, self_);
  ++view_version_;
  ++round_;
  taken_.clear();
  pause_ = kRoundPauseMin;
  transfer_requests_.ring_changed(ring_);
  departures_.ring_changed(*ring_);
  calls_->wake_all();
  begin_round();
  check_left();
}

void Service::begin_round() {
  round_timer_.reset();
  if (!transfer_requests_.wants_round()) return;
  ++round_;
  has_progress_ = false;
  const std::vector<p2p::NodeAddress> asked = transfer_requests_.begin_round();
  for (const p2p::NodeAddress& node : asked) ask(node);
  if (asked.empty()) round_ended();
}

void Service::ask(const p2p::NodeAddress& node) {
  wire::WorkPeer_hand_over_args args;
  args.receiver = self_.name();
  args.view = view_;
  args.taken = taken_[node];
  if (disagreeing_.contains(node)) {
    args.members = locator_->encode_table();
    args.__isset.members = true;
  }
  peers_.call(node, peer_service_, p2p::encode_call("hand_over", args), kHandOverTimeout,
              [service = shared_from_this(), node, round = round_](p2p::Result<std::string> reply) {
                service->strand_->post([service, node, round, reply = std::move(reply)] {
                  if (!service->is_stopped_) service->replied(round, node, reply);
                });
              });
}

// What an answer to a former round brings is not taken, and so not confirmed: it is still there.
void Service::replied(std::uint64_t round, const p2p::NodeAddress& from, const p2p::Result<std::string>& reply) {
  if (round == round_ && transfer_requests_.answered(from, take(from, reply))) round_ended();
}

TransferRequests::Answer Service::take(const p2p::NodeAddress& from, const p2p::Result<std::string>& reply) {
  taken_.erase(from);
  const auto failed = [&](const p2p::Error& error) -> TransferRequests::Answer {
    if (runs_no_work(error)) return {kViewVersionOfNoService, true, {}};
    if (error.kind == p2p::ErrorKind::refused && !reply.ok()) locator_->report_unreachable(from);
    return {};
  };
  if (!reply.ok()) return failed(reply.error());
  auto decoded = p2p::decode_reply<wire::WorkPeer_hand_over_result>(reply.value());
  if (!decoded.ok()) return failed(decoded.error());
  wire::HandOver& given = decoded.value().success;
  if (given.__isset.members) locator_->merge_table(from, given.members);
  if (given.view_version == 0 || given.view != view_) {
    disagreeing_.insert(from);
    return {};
  }
  disagreeing_.erase(from);
  has_progress_ = has_progress_ || given.number != 0;
  jobs_.take(from_wire(given, strand_->now()));
  taken_[from] = given.number;
  return {given.view_version, given.is_all, {given.busy.begin(), given.busy.end()}};
}

void Service::round_ended() {
  calls_->wake_all();
  start_jobs();
  if (!transfer_requests_.wants_round()) return;
  pause_ = has_progress_ ? kRoundPauseMin : std::min(2 * pause_, kRoundPauseMax);
  round_timer_ = strand_->after(pause_, [weak = weak_from_this()] {
    const auto service = weak.lock();
    if (service && !service->is_stopped_) service->begin_round();
  });
}

// --- the node that gives them ----------------------------------------------------------------------------------------

// A call of hand_over(), with what the strand needs of its arguments.
struct Service::TransferRequest {
  std::string receiver;
  std::int64_t view;
  std::int64_t taken;
  std::string members;  // "" when there are none
  p2p::Answer<wire::WorkPeer_hand_over_presult> answer;
};

void Service::give(TransferRequest& claim) {
  const auto receiver = p2p::parse_node_address(claim.receiver);
  if (!receiver.ok()) return claim.answer.fail(p2p::CallFault::protocol_error, receiver.error().text);
  wire::HandOver reply;
  reply.view = view_;
  reply.view_version = 0;
  reply.number = 0;
  reply.is_all = false;
  if (claim.view == view_) {
    Departures::Part part = departures_.give(receiver.value(), claim.taken, options_.batch_bytes);
    reply.view_version = view_version_;
    reply.number = part.number;
    reply.is_all = part.number == 0;
    reply.busy = std::move(part.busy);
    to_wire(part.batch, strand_->now(), reply);
  } else {
    reply.__set_members(locator_->encode_table());
    if (!claim.members.empty()) locator_->merge_table(receiver.value(), claim.members);
  }
  claim.answer(reply);
  show_figures();
  check_left();
}

// A receiver asks by itself. One that had no reason to, because it heard of two changes at once that took back each
// other, is told: what it holds is not lost, only late.
void Service::remind_receivers() {
  for (const p2p::NodeAddress& receiver : departures_.receivers()) {
    peers_.call(receiver, peer_service_, p2p::encode_call("remind", wire::WorkPeer_remind_args()), kHandOverTimeout,
                [](p2p::Result<std::string>) {});
  }
}

void Service::reminded() {
  if (transfer_requests_.wants_round()) return;  // it is about to ask
  transfer_requests_.reopen();
  begin_round();
}

void Service::check_left() {
  if (!left_.pending()) return;
  if (ring_->members().empty()) {
    const Jobs::Counts& left = jobs_.counts();
    if (left.queued + left.running > 0) {
      log_.warn("{} jobs that have not run end with this node: there is no other to take them",
                left.queued + left.running);
    }
    is_leaving_ = false;
    return left_();
  }
  if (!departures_.is_over()) return;
  log_.info("handed over everything; {} jobs have moved from here, all in all", departures_.jobs_moved());
  is_leaving_ = false;
  left_();
}

void Service::add_peer_methods(p2p::Methods& methods) {
  using Presult = wire::WorkPeer_hand_over_presult;
  methods.on<wire::WorkPeer_hand_over_args, Presult>(
      "hand_over", [service = shared_from_this()](auto& args, p2p::Answer<Presult> answer) {
        const auto claim = std::make_shared<TransferRequest>(TransferRequest{
            std::move(args.receiver), args.view, args.taken, std::move(args.members), std::move(answer)});
        service->strand_->post([service, claim] {
          if (!service->is_stopped_) service->give(*claim);
        });
      });
  methods.on<wire::WorkPeer_remind_args, wire::WorkPeer_remind_presult>(
      "remind", [service = shared_from_this()](auto&, auto answer) {
        service->on_strand(&Service::reminded);
        answer();
      });
}

}  // namespace work
