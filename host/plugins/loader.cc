#include "plugins/loader.h"

#include "crash/code_owners.h"
#include "plugins/code_copy.h"

#include <vector>  // before Boost.DLL, whose headers rely on it

#include <dlfcn.h>
#include <boost/dll/shared_library.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <system_error>

namespace p2p::host {
namespace {

using boost::dll::load_mode::type;

// NOW: a missing symbol fails here, not in the middle of a call. NODELETE, which Boost does not name: the code stays.
constexpr auto kLoadMode = static_cast<type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

Error failed(const PluginFile& file, const std::string& why) {
  return {ErrorKind::invalid, "plugin '" + file.path.string() + "': " + why};
}

// The dynamic loader's message, without Boost's text around it and its made-up error code.
std::string reason_of(const std::system_error& failure) {
  std::string text = failure.what();
  const std::string before = "(dlerror system message: ";
  const std::size_t begin = text.find(before);
  const std::size_t end = text.rfind("): ");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  return text.substr(begin + before.size(), end - begin - before.size());
}

// dlsym also finds symbols of libraries that the file depends on; the entry must be the file's own.
bool is_from(const void* address, const std::filesystem::path& file) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return false;
  std::error_code failure;
  return std::filesystem::equivalent(info.dli_fname, file, failure) && !failure;
}

// The file may have been replaced since its inspection.
Result<Done> check_entry(const PluginFile& file, const p2p_entry& entry) {
  if (!is_from(&entry, file.path)) return failed(file, "its entry " P2P_ENTRY_SYMBOL " belongs to another library");
  if (entry.magic != P2P_ENTRY_MAGIC) return failed(file, "its entry is none of p2phost's");
  if (entry.struct_size < sizeof(p2p_entry)) return failed(file, "its entry is shorter than this host needs");
  if (entry.stamp == nullptr || file.stamp != entry.stamp)
    return failed(file, "it was replaced while it was being loaded");
  if (entry.create == nullptr || entry.destroy == nullptr) return failed(file, "its entry makes no plugin");
  return Done{};
}

Result<std::unique_ptr<LoadedPlugin>> create(const PluginFile& file, const BuiltInCode& code) {
  try {
    auto made = code.make();
    if (!made) return failed(file, "it made no plugin object");
    return std::make_unique<LoadedPlugin>(std::move(made), code.overrides_reconfigure);
  } catch (const std::exception& thrown) {
    return failed(file, std::string("its constructor threw: ") + thrown.what());
  } catch (...) {
    return failed(file, "its constructor threw something that is no std::exception");
  }
}

}  // namespace

std::shared_ptr<Plugin> make_object(const p2p_entry& entry) {
  p2p_plugin_object* made = entry.create();
  if (made == nullptr) return nullptr;
  return {reinterpret_cast<Plugin*>(made),
          [&entry](Plugin* plugin) { entry.destroy(reinterpret_cast<p2p_plugin_object*>(plugin)); }};
}

bool overrides_reconfigure(const p2p_entry& entry) noexcept {
  return (entry.overrides & P2P_OVERRIDES_RECONFIGURE) != 0;
}

Result<std::unique_ptr<LoadedPlugin>> load_plugin(const PluginFile& file) {
  if (file.built_in) return create(file, *file.built_in);
  try {
    boost::dll::shared_library library;
    {
      const PluginBeingLoaded mark(file.description.name, file.description.version);
      library.load(file.path, kLoadMode);
    }
    if (!library.has(P2P_ENTRY_SYMBOL)) return failed(file, "it has no entry " P2P_ENTRY_SYMBOL);
    const auto& entry = library.get<const p2p_entry>(P2P_ENTRY_SYMBOL);
    const auto checked = check_entry(file, entry);
    if (!checked.ok()) return checked.error();
    record_plugin_code(file.description.name, file.description.version, &entry);
    const auto copied = copy_code_of(file.path.parent_path());
    // The handle is closed here; the mapping, and with it the entry, stays.
    auto created = create(file, {[&entry] { return make_object(entry); }, overrides_reconfigure(entry)});
    if (created.ok() && !copied.ok()) {
      created.value()->warn("runs from its file, since no copy could be made (" + copied.error().text +
                            "): overwriting " + file.path.string() + " would end this node");
    }
    return created;
  } catch (const std::system_error& failure) {
    return failed(file, reason_of(failure));
  }
}

}  // namespace p2p::host
