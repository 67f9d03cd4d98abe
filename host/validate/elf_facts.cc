#include "validate/elf_facts.h"

#include "plugins/elf_file.h"
#include "text/pieces.h"

#include <p2p/abi.h>

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace p2p::host {
namespace {

bool is_exported(const GElf_Sym& symbol) {
  const auto binding = GELF_ST_BIND(symbol.st_info);
  const auto visibility = GELF_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && (visibility == STV_DEFAULT || visibility == STV_PROTECTED) &&
         (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE);
}

void add_symbols(const ElfFile& elf, Elf_Scn* section, const GElf_Shdr& header, ElfFacts& facts) {
  elf.for_each_symbol(section, header, [&](const GElf_Sym& symbol, const char* name) {
    if (!is_exported(symbol)) return;
    facts.exports.emplace_back(name);
    if (GELF_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE) facts.unique.emplace_back(name);
  });
}

void add_folders(std::string_view list, const std::filesystem::path& origin, ElfFacts& facts) {
  for (const std::string_view piece : split(list, ":")) {
    std::string folder(piece);
    for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"}) {
      if (folder.starts_with(word)) folder.replace(0, word.size(), origin.string());
    }
    if (!folder.empty()) facts.folders.push_back(folder);
  }
}

void add_dynamic(const ElfFile& elf, Elf_Scn* section, const GElf_Shdr& header, const std::filesystem::path& origin,
                 ElfFacts& facts) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  const std::uint64_t count = data->d_size / header.sh_entsize;
  for (std::uint64_t index = 0; index < count && index <= INT32_MAX; ++index) {
    GElf_Dyn entry{};
    if (gelf_getdyn(data, static_cast<int>(index), &entry) == nullptr || entry.d_tag == DT_NULL) return;
    if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) continue;
    const char* text = elf.text_at(header.sh_link, entry.d_un.d_val);
    if (text == nullptr) continue;
    if (entry.d_tag == DT_NEEDED) {
      facts.needed.emplace_back(text);
    } else {
      add_folders(text, origin, facts);
    }
  }
}

}  // namespace

Result<ElfFacts> read_elf_facts(const std::filesystem::path& path) {
  const auto elf = ElfFile::open(path);
  if (!elf.ok()) return elf.error();
  ElfFacts facts;
  const auto walked =
      elf.value().for_each_section([&](Elf_Scn* section, const GElf_Shdr& header, std::string_view name) {
        if (header.sh_type == SHT_DYNSYM) add_symbols(elf.value(), section, header, facts);
        if (header.sh_type == SHT_DYNAMIC) add_dynamic(elf.value(), section, header, path.parent_path(), facts);
        if (name == P2P_ABI_SECTION) facts.stamp = bytes_of(section, header);
        if (name == P2P_INFO_SECTION) facts.descriptor = bytes_of(section, header);
      });
  if (!walked.ok()) return walked.error();
  if (facts.stamp) facts.stamp->resize(std::strlen(facts.stamp->c_str()));
  return facts;
}

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 && text ? text.get() : symbol;
}

}  // namespace p2p::host
