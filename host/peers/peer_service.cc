#include "peers/peer_service.h"

#include "text/foreign_text.h"

#include <p2p/handlers.h>

namespace p2p::host {

std::shared_ptr<Endpoint> make_peer_service(PeerIdentity& identity, ServiceRouter& router, Logger& log) {
  router.take_forwards(identity);
  auto methods = std::make_shared<Methods>();
  methods->on<peer::Peer_hello_args, peer::Peer_hello_presult>("hello", [&identity, &log](auto& args, auto answer) {
    if (const auto refusal = identity.refusal_of(args.request)) return answer.raise(1, *refusal);
    const std::string peer = foreign_text(args.request.node);
    if (!peer.empty()) {
      for (const std::string& line : identity.new_differences(peer, args.request)) log.warn(kDiffers, peer, line);
    }
    auto reply = identity.reply_to(args.request);
    Call call = answer.release();
    ReplySink& origin = static_cast<PendingCall*>(call.state())->origin();
    origin.note_hello();
    if (!reply.features.empty() && !origin.allow_out_of_order_replies()) reply.features.clear();
    Answer<peer::Peer_hello_presult>{std::move(call)}(reply);
  });
  return methods;
}

}  // namespace p2p::host
