#include "plugins/catalogue.h"

#include "plugins/finder.h"

#include <fmt/format.h>

#include <algorithm>

namespace p2p::host {

Catalogue::Catalogue(std::vector<std::string> folders, TrustRule trust, std::string stamp,
                     std::vector<PluginFile> built_in)
    : folders_(std::move(folders)),
      trust_(std::move(trust)),
      stamp_(std::move(stamp)),
      built_in_(std::move(built_in)) {}

const PluginFile* Catalogue::built_in(const std::string& plugin) const {
  const auto known = std::find_if(built_in_.begin(), built_in_.end(),
                                  [&](const PluginFile& file) { return file.description.name == plugin; });
  return known == built_in_.end() ? nullptr : &*known;
}

const Inspection& Catalogue::inspect(const std::filesystem::path& path) {
  const auto known = inspected_.find(path);
  if (known != inspected_.end()) return known->second;
  return inspected_.emplace(path, inspect_plugin(path, trust_, stamp_)).first->second;
}

PluginAnswer Catalogue::find(const std::string& plugin) {
  if (const PluginFile* known = built_in(plugin)) return {&known->description, ProblemKind::warning, "", {}};
  const auto path = find_plugin_file(plugin, folders_);
  if (!path.ok()) return {nullptr, ProblemKind::missing_plugin, path.error().text, {}};
  const Inspection& inspection = inspect(path.value());
  if (const auto* refusal = std::get_if<Refusal>(&inspection)) {
    const bool is_unsafe = refusal->kind == Refusal::Kind::unsafe;
    const std::string text = "plugin '" + plugin + "' is refused: " + refusal_text(*refusal);
    return {nullptr, is_unsafe ? ProblemKind::unsafe_file : ProblemKind::bad_plugin, text, {}};
  }
  const auto& file = std::get<PluginFile>(inspection);
  PluginAnswer answer{&file.description, ProblemKind::warning, "", {}};
  for (const std::string& warning : file.warnings)
    answer.warnings.push_back("unsafe plugin '" + plugin + "': " + warning);
  return answer;
}

const PluginFile* Catalogue::file_of(const std::string& plugin) {
  if (const PluginFile* known = built_in(plugin)) return known;
  const auto path = find_plugin_file(plugin, folders_);
  return path.ok() ? std::get_if<PluginFile>(&inspect(path.value())) : nullptr;
}

std::string Catalogue::provider_of(const std::string& interface) {
  for (const Inspection& inspection : list()) {
    const auto* file = std::get_if<PluginFile>(&inspection);
    if (file == nullptr) continue;
    const auto& provides = file->description.provides;
    if (std::find(provides.begin(), provides.end(), interface) != provides.end()) return file->description.name;
  }
  return {};
}

std::vector<Inspection> Catalogue::list() {
  std::vector<Inspection> listed;
  std::map<std::string, std::filesystem::path> names;
  for (const PluginFile& file : built_in_) {
    names.emplace(file.description.name, file.path);
    listed.push_back(file);
  }
  for (const std::filesystem::path& path : list_plugin_files(folders_)) {
    const auto [first, is_new] = names.emplace(path.stem().string(), path);
    if (is_new) {
      listed.push_back(inspect(path));
    } else {
      listed.push_back(Refusal{Refusal::Kind::unusable, path, {"its name is taken by " + first->second.string()}});
    }
  }
  return listed;
}

std::string refusal_text(const Refusal& refusal) {
  return fmt::format("{}: {}", refusal.path.string(), fmt::join(refusal.reasons, "; "));
}

}  // namespace p2p::host
