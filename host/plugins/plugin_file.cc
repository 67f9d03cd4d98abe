#include "plugins/plugin_file.h"

#include "plugins/descriptor.h"
#include "plugins/elf_plugin.h"
#include "plugins/idl_descriptor.h"
#include "plugins/stamp.h"

#include <p2p/plugin.h>

#include <sys/stat.h>

namespace p2p::host {
namespace {

Refusal unusable(const std::filesystem::path& path, std::vector<std::string> reasons) {
  return {Refusal::Kind::unusable, path, std::move(reasons)};
}

std::string identity_of(const std::filesystem::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return "";
  return std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino) + ':' + std::to_string(file.st_size) + ':' +
         std::to_string(file.st_mtim.tv_sec) + '.' + std::to_string(file.st_mtim.tv_nsec);
}

// For a file in a trusted place.
Inspection inspect_content(const std::filesystem::path& path, const std::string& file_name,
                           std::string_view host_stamp) {
  auto elf = read_elf_plugin(path);
  if (!elf.ok()) return unusable(path, {elf.error().text});
  auto differences = find_differences(elf.value().stamp, host_stamp);
  if (!differences.empty()) return unusable(path, std::move(differences));
  auto description = parse_descriptor(elf.value().descriptor);
  if (!description.ok()) return unusable(path, {description.error().text});
  if (description.value().name != file_name) {
    return unusable(path,
                    {"its file must be named " + description.value().name + ".so, after the name in its descriptor"});
  }
  auto idl = parse_idl_descriptor(elf.value().idl);
  if (!idl.ok()) return unusable(path, {idl.error().text});
  description.value().idl = std::move(idl).value();
  return PluginFile{path,        std::move(elf.value().stamp), std::move(description.value()), {}, identity_of(path),
                    std::nullopt};
}

}  // namespace

std::string_view host_stamp() noexcept { return P2P_ABI_STAMP; }

Inspection inspect_plugin(const std::filesystem::path& path, const TrustRule& trust, std::string_view host_stamp) {
  std::error_code failure;
  const auto resolved = std::filesystem::canonical(path, failure);
  if (failure) return unusable(path, {"it cannot be found: " + failure.message()});
  if (!std::filesystem::is_regular_file(resolved, failure)) return unusable(path, {"it is no regular file"});

  auto faults = find_unsafe(resolved, trust);
  if (!faults.ok()) return unusable(path, {faults.error().text});
  if (!faults.value().empty() && !trust.allow_unsafe) {
    return Refusal{Refusal::Kind::unsafe, resolved, std::move(faults.value())};
  }
  Inspection inspection = inspect_content(resolved, path.stem().string(), host_stamp);
  if (auto* file = std::get_if<PluginFile>(&inspection)) file->warnings = std::move(faults.value());
  return inspection;
}

}  // namespace p2p::host
