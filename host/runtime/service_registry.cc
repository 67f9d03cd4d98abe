#include "runtime/service_registry.h"

namespace p2p::host {

Result<Done> ServiceRegistry::provide(const std::string& id, const std::string& provider, Owner owner,
                                      std::shared_ptr<void> service) {
  const std::lock_guard hold(mutex_);
  const auto [place, is_new] = offers_.try_emplace(id, Offer{provider, owner, std::move(service)});
  if (is_new) return Done{};
  return Error{ErrorKind::invalid,
               "'" + id + "' is provided by both '" + place->second.provider + "' and '" + provider + "'"};
}

std::shared_ptr<void> ServiceRegistry::find(const std::string& id) const {
  const std::lock_guard hold(mutex_);
  const auto found = offers_.find(id);
  return found != offers_.end() ? found->second.service : nullptr;
}

std::string ServiceRegistry::provider_of(const std::string& id) const {
  const std::lock_guard hold(mutex_);
  const auto found = offers_.find(id);
  return found != offers_.end() ? found->second.provider : "";
}

void ServiceRegistry::withdraw_all(Owner owner) {
  const std::lock_guard hold(mutex_);
  std::erase_if(offers_, [&](const auto& offer) { return offer.second.owner == owner; });
}

}  // namespace p2p::host
