#include "plugins/elf_plugin.h"

#include "plugins/elf_file.h"

#include <p2p/abi.h>

#include <cstring>
#include <optional>
#include <string_view>

namespace p2p::host {
namespace {

Error refused(std::string why) { return {ErrorKind::invalid, std::move(why)}; }

// The result of a walk over all sections.
struct Found {
  std::optional<std::string> stamp;
  std::optional<std::string> descriptor;
  std::string idl;
  bool has_entry = false;
};

bool defines_entry(const ElfFile& elf, Elf_Scn* section, const GElf_Shdr& header) {
  bool is_defined = false;
  elf.for_each_symbol(section, header, [&](const GElf_Sym& symbol, std::string_view name) {
    if (name != P2P_ENTRY_SYMBOL) return;
    is_defined = symbol.st_shndx != SHN_UNDEF && GELF_ST_BIND(symbol.st_info) == STB_GLOBAL &&
                 GELF_ST_TYPE(symbol.st_info) == STT_OBJECT;
  });
  return is_defined;
}

}  // namespace

Result<ElfPlugin> read_elf_plugin(const std::filesystem::path& path) {
  const auto elf = ElfFile::open(path);
  if (!elf.ok()) return elf.error();
  Found found;
  const auto walked =
      elf.value().for_each_section([&](Elf_Scn* section, const GElf_Shdr& header, std::string_view name) {
        if (header.sh_type == SHT_DYNSYM && defines_entry(elf.value(), section, header)) found.has_entry = true;
        if (name == P2P_ABI_SECTION) found.stamp = bytes_of(section, header);
        if (name == P2P_INFO_SECTION) found.descriptor = bytes_of(section, header);
        if (name == P2P_IDL_SECTION) found.idl = bytes_of(section, header).value_or("");
      });
  if (!walked.ok()) return walked.error();
  if (!found.stamp && !found.descriptor && !found.has_entry) {
    return refused("it is a shared library, but no plugin of p2phost");
  }
  if (!found.has_entry) return refused("it has no entry " P2P_ENTRY_SYMBOL " of its own; is P2P_PLUGIN missing?");
  if (!found.stamp) return refused("it has no readable section " P2P_ABI_SECTION);
  if (!found.descriptor) return refused("it has no readable section " P2P_INFO_SECTION);
  found.stamp->resize(std::strlen(found.stamp->c_str()));
  return ElfPlugin{std::move(*found.stamp), std::move(*found.descriptor), std::move(found.idl)};
}

}  // namespace p2p::host
