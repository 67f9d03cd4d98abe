// Which plugins are there, and which of them would be refused? Every answer comes from the files' bytes: no plugin code
// runs.
#pragma once

#include "config/check.h"
#include "plugins/plugin_file.h"

#include <map>
#include <string>
#include <vector>

namespace p2p::host {

class Catalogue final : public PluginSource {
 public:
  // `folders` in search order; built-in plugins come before them.
  Catalogue(std::vector<std::string> folders, TrustRule trust, std::string stamp,
            std::vector<PluginFile> built_in = {});

  PluginAnswer find(const std::string& plugin) override;
  std::string provider_of(const std::string& interface) override;

  // The accepted file of `plugin`, or null. Lives as long as the catalogue.
  const PluginFile* file_of(const std::string& plugin);

  // Every file of the folders, accepted or refused, in search order. A second file of the same plugin is refused.
  std::vector<Inspection> list();

  const std::string& stamp() const noexcept { return stamp_; }

 private:
  const Inspection& inspect(const std::filesystem::path& path);
  const PluginFile* built_in(const std::string& plugin) const;

  std::vector<std::string> folders_;
  TrustRule trust_;
  std::string stamp_;
  const std::vector<PluginFile> built_in_;
  std::map<std::filesystem::path, Inspection> inspected_;  // a file is read once
};

// "PATH is refused: REASON; REASON"
std::string refusal_text(const Refusal& refusal);

}  // namespace p2p::host
