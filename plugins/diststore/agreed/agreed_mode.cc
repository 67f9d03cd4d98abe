#include "agreed/agreed_mode.h"

#include "agreed/agreed_keys.h"
#include "agreed/agreed_routing.h"
#include "agreed/agreed_scans.h"
#include "agreed/links.h"
#include "serving/random_number.h"

#include <p2p/units.h>

#include <fmt/format.h>

#include <utility>

namespace p2p::diststore::agreed {

AgreedMode::AgreedMode(const StoreParts& parts, const std::shared_ptr<ILocator>& locator, const std::string& service,
                       std::shared_ptr<ReplicaService> replicas)
    : forward_timeout_(parts.options.forward_timeout),
      replicas_(std::move(replicas)),
      routing_(std::make_shared<AgreedRouting>(locator, service, parts.self)),
      keys_(std::make_shared<AgreedKeys>(replicas_, parts.forwarder, parts.retries, parts.counts)),
      scans_(std::make_shared<AgreedScans>(locator, replicas_, parts.forwarder, random_number())),
      entries_(std::make_shared<AgreedEntries>(parts, routing_, keys_, replicas_, service + "." + kSpacesPart)) {}

Result<Done> AgreedMode::start(Context& context) {
  const auto methods = std::make_shared<Methods>();
  entries_->add_methods(*methods);
  const ServiceSpec for_stores{.idl = "diststore.StoreSpaces",
                               .extends = {},
                               .dispatch = Dispatch::io,
                               .concurrent = false,
                               .part = kSpacesPart,
                               .nodes_only = true};
  if (auto served = context.serve(for_stores, methods); !served.ok()) return served;
  spaces_ = std::make_shared<SpaceStore>(entries_, context.strand("spaces"), random_number, forward_timeout_);
  return replicas_->start(context);
}

void AgreedMode::stop() {
  if (spaces_) spaces_->stop();
  spaces_.reset();
  replicas_->stop();
}

Result<Done> fits_partitions(std::uint32_t partitions) {
  if (partitions == kPartitions) return Done{};
  return Error{ErrorKind::unsupported,
               fmt::format("the cluster divides keys into {} partitions, and the store into {}: found it anew with "
                           "partitions = {} in [services.locator.config], which is the default",
                           partitions, kPartitions, kPartitions)};
}

Result<Done> fits_messages(std::uint64_t message_bytes_max) {
  if (message_bytes_max >= kFrameBytesMin) return Done{};
  return Error{ErrorKind::invalid,
               fmt::format("[host] frame_bytes_max = {} is less than the {} that stores of an agreed "
                           "cluster need for what they send each other: raise it",
                           format_bytes(message_bytes_max), format_bytes(kFrameBytesMin))};
}

}  // namespace p2p::diststore::agreed
