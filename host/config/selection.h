// Which services does a start leave out, although they are enabled? A pure core: takes the services to leave out, with
// reasons, and adds those that depend on them.
#pragma once

#include "config/start_order.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace p2p::host {

// The services that must run: `required` ones, and those that provide what these need, and so on. Providers are
// searched among `services`.
std::set<std::string> indispensable_services(const std::vector<ServiceNeeds>& services,
                                             const std::set<std::string>& required);

// Adds to `left_out` (service to reason) each of `services` that requires what only left-out services provide:
// "it requires p2p.locator.ILocator/3 of service locator, which is left out".
void leave_out_dependents(const std::vector<ServiceNeeds>& services, std::map<std::string, std::string>& left_out);

}  // namespace p2p::host
