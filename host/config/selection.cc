#include "config/selection.h"

#include <algorithm>

namespace p2p::host {
namespace {

const ServiceNeeds* provider_of(const std::string& interface, const std::vector<ServiceNeeds>& services) {
  const auto found = std::find_if(services.begin(), services.end(), [&](const ServiceNeeds& service) {
    return std::find(service.provides.begin(), service.provides.end(), interface) != service.provides.end();
  });
  return found == services.end() ? nullptr : &*found;
}

}  // namespace

std::set<std::string> indispensable_services(const std::vector<ServiceNeeds>& services,
                                             const std::set<std::string>& required) {
  std::set<std::string> needed = required;
  for (std::size_t before = needed.size() + 1; before != needed.size();) {
    before = needed.size();
    for (const ServiceNeeds& service : services) {
      if (!needed.contains(service.service)) continue;
      for (const std::string& interface : service.required) {
        if (const ServiceNeeds* provider = provider_of(interface, services)) needed.insert(provider->service);
      }
    }
  }
  return needed;
}

void leave_out_dependents(const std::vector<ServiceNeeds>& services, std::map<std::string, std::string>& left_out) {
  for (std::size_t before = left_out.size() + 1; before != left_out.size();) {
    before = left_out.size();
    for (const ServiceNeeds& service : services) {
      for (const std::string& interface : service.required) {
        const ServiceNeeds* provider = provider_of(interface, services);
        if (provider == nullptr || !left_out.contains(provider->service)) continue;
        left_out.emplace(service.service,
                         "it requires " + interface + " of service " + provider->service + ", which is left out");
      }
    }
  }
}

}  // namespace p2p::host
