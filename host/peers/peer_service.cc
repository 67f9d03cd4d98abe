#include "peers/peer_service.h"

#include "serving/loop.h"

namespace p2p::host {
namespace {

using ForwardAnswer = Answer<peer::Peer_forward_presult>;

// Where a forwarded call's answer goes: into the reply of the Peer.forward that brought it.
class ForwardOrigin final : public CallOrigin {
 public:
  ForwardOrigin(ForwardAnswer answer, std::string message, PeerIdentity& identity)
      : answer_(std::move(answer)), message_(std::move(message)), identity_(identity) {}

  std::span<char> message() noexcept { return {message_.data(), message_.size()}; }

  std::uint64_t begun(bool) override { return 0; }
  void answered(std::uint64_t, std::string_view reply) override { send(peer::ForwardStatus::answered, reply); }
  void oneway_ended() override { send(peer::ForwardStatus::answered, {}); }
  void refused(std::uint64_t, std::string_view reply) override { send(peer::ForwardStatus::refused, reply); }
  void returned() override {}
  void disagreed(std::uint64_t) override {
    peer::ForwardReply reply;
    reply.status = peer::ForwardStatus::view_differs;
    reply.__set_view(identity_.view());
    if (const auto ring = identity_.locator()) reply.__set_members(ring->encode_table());
    answer_(reply);
  }
  void no_call() { answer_.fail(CallFault::protocol_error, "the forwarded message is no call"); }

 private:
  void send(peer::ForwardStatus::type status, std::string_view message) {
    peer::ForwardReply reply;
    reply.status = status;
    reply.__set_message(std::string(message));
    answer_(reply);
  }

  ForwardAnswer answer_;
  std::string message_;
  PeerIdentity& identity_;
};

void take_forwarded(peer::Peer_forward_args& args, ForwardAnswer answer, PeerIdentity& identity,
                    ServiceRouter& router) {
  Loop* loop = Loop::current();
  P2P_ASSERT(loop != nullptr, "Peer.forward runs on an I/O loop");
  // A forward inside a forward would run inside it too, level upon level.
  const bool is_nested = answer.info().hops > 0 || args.target == kPeerService;
  if (is_nested || args.hops < 1 || args.hops > static_cast<std::int32_t>(kHopsMax)) {
    return answer.fail(CallFault::protocol_error, "a call is forwarded once, and to a plugin's service");
  }
  auto* origin = new ForwardOrigin(std::move(answer), std::move(args.message), identity);  // counted by OriginRef
  const OriginRef ref(origin);
  Arrival arrival;
  arrival.origin = origin;
  arrival.hops = static_cast<std::uint32_t>(args.hops);
  arrival.view = static_cast<std::uint64_t>(args.view);
  arrival.encoding = args.encoding == peer::Encoding::compact ? Encoding::compact : Encoding::binary;
  if (router.take(*loop, arrival, origin->message(), args.target) == Taken::malformed) origin->no_call();
}

}  // namespace

std::shared_ptr<Endpoint> make_peer_service(PeerIdentity& identity, ServiceRouter& router) {
  auto methods = std::make_shared<Methods>();
  methods->on<peer::Peer_hello_args, peer::Peer_hello_presult>("hello", [&identity](auto& args, auto answer) {
    if (const auto refusal = identity.refusal_of(args.request)) return answer.raise(1, *refusal);
    auto reply = identity.reply_to(args.request);
    Call call = answer.release();
    if (!reply.features.empty() && !static_cast<CallSlot*>(call.state())->origin().let_replies_overtake())
      reply.features.clear();
    Answer<peer::Peer_hello_presult>{std::move(call)}(reply);
  });
  methods->on<peer::Peer_forward_args, peer::Peer_forward_presult>(
      "forward",
      [&identity, &router](auto& args, auto answer) { take_forwarded(args, std::move(answer), identity, router); });
  return methods;
}

}  // namespace p2p::host
