#include "plugins/elf_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

namespace p2p::host {
namespace {

// Our own sections have some hundred bytes; P2P_PLUGIN wrote none that is larger.
constexpr std::size_t kSectionBytesMax = 256 * 1024;

Error bad_file(std::string why) { return {ErrorKind::invalid, std::move(why)}; }

constexpr GElf_Half machine_of_this_host() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#else
  return EM_NONE;
#endif
}

std::string machine_name(GElf_Half machine) {
  static const std::map<GElf_Half, const char*> names = {
      {EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i386"}, {EM_ARM, "arm"},
      {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},     {EM_S390, "s390"}};
  const auto known = names.find(machine);
  return known != names.end() ? known->second : fmt::format("machine {}", machine);
}

Result<Done> check_header(const GElf_Ehdr& header, std::uint64_t file_bytes) {
  if (header.e_machine != machine_of_this_host()) {
    return bad_file(
        fmt::format("arch: plugin {}, host {}", machine_name(header.e_machine), machine_name(machine_of_this_host())));
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return bad_file("it is a 32-bit file, the host is a 64-bit one");
  if (header.e_type != ET_DYN) return bad_file("it is no shared library");
  // Linkers write the section table at the end.
  const std::uint64_t table_bytes = std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff > file_bytes || table_bytes > file_bytes - header.e_shoff) {
    return bad_file(fmt::format("it is cut short: its table of sections ends at byte {}, the file at {}",
                                header.e_shoff + table_bytes, file_bytes));
  }
  return Done{};
}

}  // namespace

Result<ElfFile> ElfFile::open(const std::filesystem::path& path) {
  OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return bad_file(fmt::format("it cannot be read: {}", std::strerror(errno)));
  const off_t file_bytes = lseek(file.number(), 0, SEEK_END);
  if (file_bytes < 0 || elf_version(EV_CURRENT) == EV_NONE) return bad_file("it cannot be read");

  // Not mapped: a file that shrinks meanwhile would end the host.
  Elf* begun = elf_begin(file.number(), ELF_C_READ, nullptr);
  ElfFile opened(std::move(file), begun);
  if (begun == nullptr || elf_kind(begun) != ELF_K_ELF) return bad_file("it is no ELF file");
  GElf_Ehdr header{};
  if (gelf_getehdr(begun, &header) == nullptr) return bad_file(fmt::format("it is no ELF file: {}", elf_errmsg(-1)));
  const auto checked = check_header(header, static_cast<std::uint64_t>(file_bytes));
  if (!checked.ok()) return checked.error();
  return opened;
}

Result<Done> ElfFile::for_each_section(const Visit& visit) const {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf_.get(), &names) != 0)
    return bad_file(fmt::format("its sections cannot be read: {}", elf_errmsg(-1)));
  for (Elf_Scn* section = elf_nextscn(elf_.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf_.get(), section)) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = text_at(names, header.sh_name);
    visit(section, header, name != nullptr ? name : "");
  }
  return Done{};
}

void ElfFile::for_each_symbol(Elf_Scn* section, const GElf_Shdr& header, const VisitSymbol& visit) const {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  const std::uint64_t count = data->d_size / header.sh_entsize;
  for (std::uint64_t index = 0; index < count && index <= INT32_MAX; ++index) {
    GElf_Sym symbol{};
    if (gelf_getsym(data, static_cast<int>(index), &symbol) == nullptr) return;
    const char* name = text_at(header.sh_link, symbol.st_name);
    if (name != nullptr) visit(symbol, name);
  }
}

const char* ElfFile::text_at(std::size_t section, std::size_t offset) const {
  return elf_strptr(elf_.get(), section, offset);
}

std::optional<std::string> bytes_of(Elf_Scn* section, const GElf_Shdr& header) {
  if (header.sh_size > kSectionBytesMax || header.sh_type == SHT_NOBITS) return std::nullopt;
  const Elf_Data* data = elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data->d_buf), data->d_size);
}

}  // namespace p2p::host
