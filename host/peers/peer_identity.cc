#include "peers/peer_identity.h"

#include <algorithm>

namespace p2p::host {
namespace {

peer::HelloRefused refusal(const char* field, std::string ours, std::string theirs) {
  peer::HelloRefused refused;
  refused.field = field;
  refused.ours = std::move(ours);
  refused.theirs = std::move(theirs);
  return refused;
}

std::string range(std::int32_t low, std::int32_t high) { return std::to_string(low) + " to " + std::to_string(high); }

template <class Hello>
void tell_configuration(std::uint64_t frame_bytes_max, ToldRoutes routes, Hello& hello) {
  if (frame_bytes_max != 0) hello.__set_frame_bytes_max(static_cast<std::int64_t>(frame_bytes_max));
  hello.__set_routes(std::move(routes));
}

template <class Hello>
ToldConfiguration told_by(const Hello& hello) {
  ToldConfiguration told;
  if (hello.__isset.frame_bytes_max) told.frame_bytes_max = static_cast<std::uint64_t>(hello.frame_bytes_max);
  if (hello.__isset.routes) told.routes = hello.routes;
  return told;
}

}  // namespace

void PeerIdentity::set_routes(ToldRoutes routes) {
  const std::lock_guard hold(mutex_);
  routes_ = std::move(routes);
}

ToldRoutes PeerIdentity::routes() const {
  const std::lock_guard hold(mutex_);
  return routes_;
}

std::vector<std::string> PeerIdentity::new_differences(const std::string& peer,
                                                       const peer::HelloRequest& theirs) const {
  return new_differences(peer, told_by(theirs));
}

std::vector<std::string> PeerIdentity::new_differences(const std::string& peer, const peer::HelloReply& theirs) const {
  return new_differences(peer, told_by(theirs));
}

std::vector<std::string> PeerIdentity::new_differences(const std::string& peer, const ToldConfiguration& theirs) const {
  ToldConfiguration ours{std::nullopt, routes()};
  if (frame_bytes_max_ != 0) ours.frame_bytes_max = frame_bytes_max_;
  std::vector<std::string> lines = find_differences(ours, theirs);
  const std::lock_guard hold(mutex_);
  if (told_.size() + lines.size() > kToldMax) told_.clear();
  std::erase_if(lines, [&](const std::string& line) { return !told_.insert(peer + ' ' + line).second; });
  return lines;
}

void PeerIdentity::set_locator(std::shared_ptr<ILocator> locator, std::string part) {
  by_thread_.publish(std::make_shared<const Held>(Held{locator, std::move(part)}));
  const std::lock_guard hold(mutex_);
  locator_ = std::move(locator);
}

std::shared_ptr<ILocator> PeerIdentity::locator() const {
  const std::lock_guard hold(mutex_);
  return locator_;
}

std::int64_t PeerIdentity::view() const {
  const auto& ring = locator_here();
  return ring ? static_cast<std::int64_t>(ring->view().fingerprint()) : 0;
}

bool PeerIdentity::is_member(const NodeAddress& node) const {
  const auto ring = locator();
  if (!ring) return false;
  const auto& members = ring->view().members();
  return std::find(members.begin(), members.end(), node) != members.end();
}

std::string PeerIdentity::encoded_members() const {
  const auto ring = locator();
  return ring ? ring->encode_table() : "";
}

std::string PeerIdentity::placement() const {
  const auto ring = locator();
  return ring ? ring->placement() : "";
}

peer::HelloRequest PeerIdentity::request() const {
  peer::HelloRequest request;
  request.version_min = kPeerProtocolMin;
  request.version_max = kPeerProtocolMax;
  request.features = {kOutOfOrderFeature};
  request.cluster = cluster_;
  request.placement = placement();
  request.__set_view(view());
  request.__set_node(self_.name());
  tell_configuration(frame_bytes_max_, routes(), request);
  return request;
}

peer::HelloReply PeerIdentity::reply_to(const peer::HelloRequest& request) const {
  peer::HelloReply reply;
  reply.version = std::min(kPeerProtocolMax, request.version_max);
  if (std::find(request.features.begin(), request.features.end(), kOutOfOrderFeature) != request.features.end()) {
    reply.features.emplace_back(kOutOfOrderFeature);
  }
  reply.cluster = cluster_;
  reply.placement = placement();
  reply.__set_view(view());
  reply.__set_node(self_.name());
  tell_configuration(frame_bytes_max_, routes(), reply);
  return reply;
}

std::optional<peer::HelloRefused> PeerIdentity::refusal_of(const peer::HelloRequest& request) const {
  if (request.version_max < kPeerProtocolMin || request.version_min > kPeerProtocolMax) {
    return refusal("version", range(kPeerProtocolMin, kPeerProtocolMax),
                   range(request.version_min, request.version_max));
  }
  if (request.cluster != cluster_) return refusal("cluster", cluster_, request.cluster);
  // A node without a locator (yet) has no ownership to disagree about.
  const std::string ours = placement();
  if (!ours.empty() && !request.placement.empty() && ours != request.placement) {
    return refusal("placement", ours, request.placement);
  }
  return std::nullopt;
}

}  // namespace p2p::host
