// What do the bytes of a plugin's file say? Stamp and descriptor, read with libelf; nothing is mapped and nothing runs,
// whatever the file contains.
#pragma once

#include <p2p/result.h>

#include <filesystem>
#include <string>

namespace p2p::host {

struct ElfPlugin {
  std::string stamp;       // of the section .p2p.abi, up to its first NUL
  std::string descriptor;  // of the section .p2p.info, NULs and all
  std::string idl;         // of the section .p2p.idl; "" when there is none
};

// Refused, each with its reason: no ELF file, truncated, for another machine, no shared library, without the sections,
// without its own entry symbol. [any thread]
Result<ElfPlugin> read_elf_plugin(const std::filesystem::path& path);

}  // namespace p2p::host
