// Whose code lies at an address? The host's own program and every loaded plugin, recorded once and never removed,
// because plugins stay mapped. Kept in static memory: a signal handler must find it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace p2p::host {

// Plain arrays: a signal handler reads them. Longer names are cut off.
struct PluginCode {
  std::array<char, 64> name;  // ends in NUL, as do the others
  std::array<char, 32> version;
  std::array<char, 65> build_id;  // hexadecimal; empty: the file has none
  std::uintptr_t base;            // where byte 0 of the file would lie: address - base is what addr2line wants
  std::uintptr_t begin;           // of the executable segments; equal to `end` while loading
  std::uintptr_t end;
};

struct CodeOwner {
  const PluginCode* plugin = nullptr;
  bool is_host = false;
  std::uintptr_t address = 0;  // the one that was asked about

  bool is_known() const noexcept { return plugin != nullptr || is_host; }
};

// The program's own code. Once, before threads start. [control]
void record_host_code() noexcept;

// Records the code of the library that contains `inside` as that plugin's; does nothing for a recorded library.
// [control]
void record_plugin_code(std::string_view name, std::string_view version, const void* inside) noexcept;

// While it lives, the calling thread loads this plugin: code that runs meanwhile, such as static constructors, is not
// recorded yet. One at a time. [control]
class PluginBeingLoaded final {
 public:
  PluginBeingLoaded(std::string_view name, std::string_view version) noexcept;
  PluginBeingLoaded(const PluginBeingLoaded&) = delete;
  PluginBeingLoaded& operator=(const PluginBeingLoaded&) = delete;
  ~PluginBeingLoaded();
};

// [any thread, signal handler]
CodeOwner owner_of(std::uintptr_t address) noexcept;

// The plugin that the calling thread is loading, or null. [any thread, signal handler]
const PluginCode* plugin_being_loaded() noexcept;

}  // namespace p2p::host
