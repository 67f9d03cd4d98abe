#include "plugins/finder.h"

#include "config/suggestion.h"

#include <fmt/format.h>

#include <algorithm>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

Error missing(const std::string& plugin, const std::vector<std::string>& tried,
              const std::vector<std::string>& folders) {
  std::string text = "no plugin '" + plugin + "'";
  if (!tried.empty()) text += fmt::format(" (looked for {})", fmt::join(tried, ", "));
  std::vector<std::string> names;
  for (const fs::path& file : list_plugin_files(folders)) names.push_back(file.stem().string());
  return {ErrorKind::not_found, text + did_you_mean(plugin, names)};
}

bool are_one(const fs::path& a, const fs::path& b) {
  std::error_code failure;
  return fs::equivalent(a, b, failure);
}

bool is_there(const fs::path& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

}  // namespace

std::string default_plugin_dir() {
  std::error_code failure;
  const auto executable = fs::read_symlink("/proc/self/exe", failure);
  if (failure) return "/usr/lib/p2phost/plugins";
  return (executable.parent_path().parent_path() / "lib" / "p2phost" / "plugins").string();
}

Result<fs::path> find_plugin_file(const std::string& plugin, const std::vector<std::string>& folders) {
  if (plugin.starts_with('/')) {
    if (is_there(plugin)) return fs::path(plugin);
    return missing(plugin, {}, {fs::path(plugin).parent_path().string()});
  }
  std::vector<std::string> tried;
  std::vector<fs::path> found;
  for (const std::string& folder : folders) {
    const fs::path path = fs::path(folder) / (plugin + ".so");
    tried.push_back(path.string());
    const bool is_known =
        std::any_of(found.begin(), found.end(), [&](const fs::path& other) { return are_one(path, other); });
    if (is_there(path) && !is_known) found.push_back(path);
  }
  if (found.empty()) return missing(plugin, tried, folders);
  if (found.size() == 1) return found.front();
  return Error{ErrorKind::invalid, "plugin '" + plugin + "' stands in two folders: " + found[0].string() + " and " +
                                       found[1].string() + "; remove one, or name the file: plugin = \"" +
                                       found[0].string() + "\""};
}

std::vector<fs::path> list_plugin_files(const std::vector<std::string>& folders) {
  std::vector<fs::path> files;
  for (const std::string& folder : folders) {
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    std::error_code failure;
    for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
      const fs::path& path = at->path();
      const bool is_known =
          std::any_of(files.begin(), files.end(), [&](const fs::path& other) { return are_one(path, other); });
      if (path.extension() == ".so" && !is_known) files.push_back(path);
    }
    std::sort(files.begin() + first, files.end());
  }
  return files;
}

}  // namespace p2p::host
