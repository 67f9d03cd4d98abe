#include "serving/service_table.h"

#include <algorithm>
#include <map>

namespace p2p::host {
namespace {

// "diststore.Store" -> "Store"
std::string_view alias_of(std::string_view idl) {
  const auto dot = idl.rfind('.');
  return dot == std::string_view::npos ? idl : idl.substr(dot + 1);
}

}  // namespace

Result<std::shared_ptr<const ServiceTable>> ServiceTable::with(std::shared_ptr<ServiceEntry> entry) const {
  const std::string& name = entry->name();
  if (name.empty() || name.find(':') != std::string::npos) {
    return Error{ErrorKind::invalid, "'" + name + "' cannot be a service's name: it must not be empty or contain ':'"};
  }
  for (const auto& present : entries_) {
    if (present->name() == name) {
      return Error{ErrorKind::invalid,
                   "two services are named '" + name + "': of " + present->owner() + " and of " + entry->owner()};
    }
  }
  auto next = std::make_shared<ServiceTable>(*this);
  next->entries_.push_back(std::move(entry));
  next->index_names();
  return std::shared_ptr<const ServiceTable>(std::move(next));
}

void ServiceTable::index_names() {
  names_.clear();
  std::map<std::string_view, std::vector<ServiceEntry*>> aliases;
  for (const auto& entry : entries_) {
    if (entry->spec().part.empty() && !refuses_all(entry->gate()))
      aliases[alias_of(entry->spec().idl)].push_back(entry.get());
  }
  for (const auto& [alias, holders] : aliases) {
    if (holders.size() == 1 && !alias.empty()) names_.insert_or_assign(std::string(alias), holders.front());
  }
  for (const auto& entry : entries_) names_.insert_or_assign(entry->name(), entry.get());
}

void ServiceTable::refresh(const std::vector<std::string>& defaults, std::vector<std::string> disabled) {
  disabled_ = std::move(disabled);
  index_names();
  default_ = nullptr;
  for (const std::string& name : defaults) {
    const auto serves = [&](const auto& entry) { return entry->name() == name && !refuses_all(entry->gate()); };
    const auto found = std::find_if(entries_.begin(), entries_.end(), serves);
    if (found == entries_.end()) continue;
    default_ = found->get();
    return;
  }
}

bool ServiceTable::is_disabled(std::string_view name) const noexcept {
  return std::find(disabled_.begin(), disabled_.end(), name) != disabled_.end();
}

ServiceEntry* ServiceTable::find(std::string_view name) const noexcept {
  const auto found = names_.find(name);
  return found != names_.end() ? found->second : nullptr;
}

}  // namespace p2p::host
