// What is in an ELF file? An opened and checked shared library, whose sections are read with libelf; nothing is mapped
// and nothing runs, whatever the file contains.
#pragma once

#include "files/owned_descriptor.h"

#include <p2p/result.h>

#include <gelf.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace p2p::host {

class ElfFile final {
 public:
  // Refused, each with its reason: unreadable, no ELF file, of another machine, no shared library, cut short.
  // [any thread]
  static Result<ElfFile> open(const std::filesystem::path& path);

  // Calls `visit` for each readable section; an error when the table of their names is unreadable.
  using Visit = std::function<void(Elf_Scn* section, const GElf_Shdr& header, const char* name)>;
  Result<Done> for_each_section(const Visit& visit) const;

  // Calls `visit` for each symbol of a symbol table.
  using VisitSymbol = std::function<void(const GElf_Sym& symbol, const char* name)>;
  void for_each_symbol(Elf_Scn* section, const GElf_Shdr& header, const VisitSymbol& visit) const;

  // Text of the string table `section`, or null.
  const char* text_at(std::size_t section, std::size_t offset) const;

 private:
  struct ElfEnd {
    void operator()(Elf* elf) const { elf_end(elf); }
  };

  ElfFile(OwnedDescriptor file, Elf* elf) : file_(std::move(file)), elf_(elf) {}

  OwnedDescriptor file_;
  std::unique_ptr<Elf, ElfEnd> elf_;
};

// The bytes of a section; none when they lie outside the file or are too many for a section of ours.
std::optional<std::string> bytes_of(Elf_Scn* section, const GElf_Shdr& header);

}  // namespace p2p::host
