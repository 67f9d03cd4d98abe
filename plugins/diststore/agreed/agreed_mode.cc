#include "agreed/agreed_mode.h"

#include "agreed/agreed_keys.h"
#include "agreed/agreed_routing.h"

#include <fmt/format.h>

#include <utility>

namespace p2p::diststore::agreed {

AgreedMode::AgreedMode(const StoreParts& parts, std::shared_ptr<ILocator> locator, const std::string& service,
                       std::shared_ptr<ReplicaService> replicas)
    : replicas_(std::move(replicas)),
      routing_(std::make_shared<AgreedRouting>(std::move(locator), service)),
      keys_(std::make_shared<AgreedKeys>(replicas_, parts.forwarder, parts.retries)) {}

Result<Done> fits_partitions(std::uint32_t partitions) {
  if (partitions == kPartitions) return Done{};
  return Error{ErrorKind::unsupported,
               fmt::format("the cluster divides keys into {} partitions, and the store into {}: found it anew with "
                           "partitions = {} in [services.locator.config], which is the default",
                           partitions, kPartitions, kPartitions)};
}

}  // namespace p2p::diststore::agreed
