// Which services stay out of one start, although they are enabled? A pure core: it is told who is to stay out and why,
// and adds who cannot do without them.
#pragma once

#include "lifecycle/start_order.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace p2p::host {

// The services that must run: `required` ones, and those that provide what these need, and so on. Providers are looked
// for among `services`.
std::set<std::string> indispensable_services(const std::vector<ServiceNeeds>& services,
                                             const std::set<std::string>& required);

// Adds to `left_out` (service to reason) each of `services` that requires what only left-out services provide:
// "it requires p2p.locator.ILocator/2 of service locator, which is left out".
void leave_out_dependents(const std::vector<ServiceNeeds>& services, std::map<std::string, std::string>& left_out);

}  // namespace p2p::host
