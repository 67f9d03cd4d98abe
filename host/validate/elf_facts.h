// What does the dynamic linker see of a plugin's file? Its exported symbols, and the libraries that it needs.
#pragma once

#include <p2p/result.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

struct ElfFacts {
  std::vector<std::string> exports;       // mangled, in the order of the file; whatever their binding
  std::vector<std::string> unique;        // those of them that are STB_GNU_UNIQUE
  std::vector<std::string> needed;        // DT_NEEDED
  std::vector<std::string> folders;       // DT_RPATH and DT_RUNPATH, $ORIGIN resolved
  std::optional<std::string> stamp;       // the section .p2p.abi, up to its first NUL
  std::optional<std::string> descriptor;  // the section .p2p.info
};

// Refused as by ElfFile::open().
Result<ElfFacts> read_elf_facts(const std::filesystem::path& path);

// "p2p::Plugin::stop()" for its mangled form; an unmangled name is returned as it is.
std::string demangled(const std::string& symbol);

}  // namespace p2p::host
