#include "plugins/built_in.h"

#include "plugins/descriptor.h"
#include "plugins/loader.h"
#include "plugins/stamp.h"

#include <fmt/format.h>

#include <utility>

namespace p2p::host {

Result<PluginFile> built_in_plugin(const p2p_entry& entry) {
  const auto refused = [](const std::string& why) {
    return Error{ErrorKind::invalid, "the plugin that is linked into this program is refused: " + why};
  };
  if (entry.magic != P2P_ENTRY_MAGIC) return refused("its entry is none of p2phost's");
  if (entry.struct_size < sizeof(p2p_entry))
    return refused("it was compiled with an older <p2p/plugin.h>, whose entry is shorter; compile it again");
  if (entry.stamp == nullptr || entry.info == nullptr || entry.create == nullptr || entry.destroy == nullptr)
    return refused("its entry is incomplete");
  const auto differences = find_differences(entry.stamp, host_stamp());
  if (!differences.empty()) return refused(fmt::format("{}", fmt::join(differences, "; ")));
  auto plugin = built_in_plugin({entry.info, entry.info_bytes}, [&entry] { return make_object(entry); });
  if (!plugin.ok()) return refused(plugin.error().text);
  plugin.value().stamp = entry.stamp;
  plugin.value().built_in->overrides_reconfigure = overrides_reconfigure(entry);
  return plugin;
}

Result<PluginFile> built_in_plugin(std::string_view info, std::function<std::shared_ptr<Plugin>()> make) {
  auto description = parse_descriptor(info);
  if (!description.ok()) return description.error();
  const std::string shown = description.value().name + " (built in)";
  return PluginFile{shown, std::string(host_stamp()),   std::move(description).value(), {},
                    "",    BuiltInCode{std::move(make)}};
}

}  // namespace p2p::host
