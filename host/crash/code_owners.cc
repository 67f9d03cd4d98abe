#include "crash/code_owners.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

namespace p2p::host {
namespace {

// Far more than one process loads; later ones count as unknown code.
constexpr std::size_t kPluginsMax = 128;

// Entries are complete before the count includes them, and never change afterwards. All of it starts as zero.
std::array<PluginCode, kPluginsMax> plugins;
std::atomic<std::size_t> plugin_count{0};
PluginCode host{};
PluginCode loading{};
std::atomic<pid_t> loading_thread{0};

template <std::size_t kSize>
void copy(std::string_view text, std::array<char, kSize>& into) noexcept {
  into[text.copy(into.data(), kSize - 1)] = '\0';
}

// The build id among the notes of a mapped file, in hexadecimal.
void read_build_id(const char* notes, std::size_t bytes, PluginCode& code) noexcept {
  constexpr auto kAligned = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  std::size_t at = 0;
  while (bytes - at >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, notes + at, sizeof head);
    const std::size_t name = at + sizeof head;
    const std::size_t value = name + kAligned(head.n_namesz);
    const std::size_t next = value + kAligned(head.n_descsz);
    if (next > bytes) return;
    const bool is_gnu = head.n_namesz == sizeof "GNU" && std::memcmp(notes + name, "GNU", sizeof "GNU") == 0;
    if (is_gnu && head.n_type == NT_GNU_BUILD_ID) {
      const std::size_t shown = std::min<std::size_t>(head.n_descsz, (code.build_id.size() - 1) / 2);
      for (std::size_t index = 0; index < shown; ++index) {
        const auto byte = static_cast<unsigned char>(notes[value + index]);
        code.build_id[2 * index] = "0123456789abcdef"[byte >> 4];
        code.build_id[2 * index + 1] = "0123456789abcdef"[byte & 15];
      }
      return;
    }
    at = next;
  }
}

PluginCode code_of(const dl_phdr_info& library) noexcept {
  PluginCode code{};
  code.base = library.dlpi_addr;
  code.begin = UINTPTR_MAX;
  for (std::size_t index = 0; index < library.dlpi_phnum; ++index) {
    const ElfW(Phdr)& segment = library.dlpi_phdr[index];
    const std::uintptr_t begin = library.dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_NOTE) {
      const auto* notes =
          reinterpret_cast<const char*>(begin);  // NOLINT(performance-no-int-to-ptr): where it is mapped
      read_build_id(notes, segment.p_memsz, code);
    }
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    code.begin = std::min(code.begin, begin);
    code.end = std::max(code.end, begin + segment.p_memsz);
  }
  if (code.begin >= code.end) code.begin = code.end = 0;
  return code;
}

bool covers(const dl_phdr_info& library, std::uintptr_t address) noexcept {
  for (std::size_t index = 0; index < library.dlpi_phnum; ++index) {
    const ElfW(Phdr)& segment = library.dlpi_phdr[index];
    if (segment.p_type == PT_LOAD && address - library.dlpi_addr - segment.p_vaddr < segment.p_memsz) return true;
  }
  return false;
}

struct Search {
  std::uintptr_t address;
  std::optional<PluginCode> found;
};

std::optional<PluginCode> find_code(const void* inside) noexcept {
  Search search{reinterpret_cast<std::uintptr_t>(inside), std::nullopt};
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* asked) {
        auto& running = *static_cast<Search*>(asked);
        if (!covers(*library, running.address)) return 0;
        running.found = code_of(*library);
        return 1;
      },
      &search);
  return search.found;
}

bool is_inside(const PluginCode& code, std::uintptr_t address) noexcept {
  return address >= code.begin && address < code.end;
}

}  // namespace

void record_host_code() noexcept {
  if (const auto code = find_code(reinterpret_cast<const void*>(&record_host_code))) host = *code;
}

void record_plugin_code(std::string_view name, std::string_view version, const void* inside) noexcept {
  auto code = find_code(inside);
  const std::size_t count = plugin_count.load(std::memory_order_relaxed);
  if (!code || code->begin == code->end || count == kPluginsMax) return;
  if (owner_of(code->begin).is_known()) return;
  copy(name, code->name);
  copy(version, code->version);
  plugins[count] = *code;
  plugin_count.store(count + 1, std::memory_order_release);
}

PluginBeingLoaded::PluginBeingLoaded(std::string_view name, std::string_view version) noexcept {
  copy(name, loading.name);
  copy(version, loading.version);
  loading_thread.store(::gettid(), std::memory_order_release);
}

PluginBeingLoaded::~PluginBeingLoaded() { loading_thread.store(0, std::memory_order_release); }

CodeOwner owner_of(std::uintptr_t address) noexcept {
  const std::size_t count = plugin_count.load(std::memory_order_acquire);
  for (std::size_t index = 0; index < count; ++index) {
    if (is_inside(plugins[index], address)) return {&plugins[index], false, address};
  }
  return {nullptr, is_inside(host, address), address};
}

const PluginCode* plugin_being_loaded() noexcept {
  return loading_thread.load(std::memory_order_acquire) == ::gettid() ? &loading : nullptr;
}

}  // namespace p2p::host
