// Which service has a name? Configured names, IDL aliases while they are unique, and the default for clients that name
// none. Replaced as a whole when a service starts or stops.
#pragma once

#include "serving/service_entry.h"

#include <p2p/result.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace p2p::host {

class ServiceTable final {
 public:
  ServiceTable() = default;

  // A copy with one more entry. Refused when the name is taken, empty or contains ':'. An IDL alias that two services
  // claim belongs to neither.
  Result<std::shared_ptr<const ServiceTable>> with(std::shared_ptr<ServiceEntry> entry) const;

  // Services have started or stopped: recomputes the aliases of those that serve, and makes the first of `defaults`
  // that serves the default (if any does). `disabled`: services that do not run, for calls that name them.
  void refresh(const std::vector<std::string>& defaults, std::vector<std::string> disabled);

  bool is_disabled(std::string_view name) const noexcept;
  ServiceEntry* find(std::string_view name) const noexcept;  // null: unknown
  ServiceEntry* default_entry() const noexcept { return default_; }
  const std::vector<std::shared_ptr<ServiceEntry>>& entries() const noexcept { return entries_; }

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  using Names = std::unordered_map<std::string, ServiceEntry*, NameHash, std::equal_to<>>;

  void index_names();

  std::vector<std::shared_ptr<ServiceEntry>> entries_;
  Names names_;
  std::vector<std::string> disabled_;
  ServiceEntry* default_ = nullptr;
};

}  // namespace p2p::host
