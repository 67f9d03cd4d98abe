#include "plugins/elf_plugin.h"

#include <p2p/abi.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace p2p::host {
namespace {

// Our own sections hold some hundred bytes; what is larger was not written by P2P_PLUGIN.
constexpr std::size_t kSectionBytesMax = 256 * 1024;

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error refused(std::string why) { return {ErrorKind::invalid, std::move(why)}; }

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
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    default:
      return fmt::format("machine {}", machine);
  }
}

Result<Done> check_header(const GElf_Ehdr& header, std::uint64_t file_bytes) {
  if (header.e_machine != machine_of_this_host()) {
    return refused(
        fmt::format("arch: plugin {}, host {}", machine_name(header.e_machine), machine_name(machine_of_this_host())));
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return refused("it is a 32-bit file, the host is a 64-bit one");
  if (header.e_type != ET_DYN) return refused("it is no shared library");
  // The table of sections stands at the end of what linkers write.
  const std::uint64_t table_bytes = std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff > file_bytes || table_bytes > file_bytes - header.e_shoff) {
    return refused(fmt::format("it is cut short: its table of sections ends at byte {}, the file at {}",
                               header.e_shoff + table_bytes, file_bytes));
  }
  return Done{};
}

// The bytes of a section; none when they lie outside the file or are too many.
std::optional<std::string> bytes_of(Elf_Scn* section, const GElf_Shdr& header) {
  if (header.sh_size > kSectionBytesMax || header.sh_type == SHT_NOBITS) return std::nullopt;
  const Elf_Data* data = elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data->d_buf), data->d_size);
}

bool defines_entry(Elf* elf, Elf_Scn* section, const GElf_Shdr& header) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return false;
  const std::uint64_t count = data->d_size / header.sh_entsize;
  for (std::uint64_t index = 0; index < count && index <= INT32_MAX; ++index) {
    GElf_Sym symbol{};
    if (gelf_getsym(data, static_cast<int>(index), &symbol) == nullptr) return false;
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr || std::strcmp(name, P2P_ENTRY_SYMBOL) != 0) continue;
    return symbol.st_shndx != SHN_UNDEF && GELF_ST_BIND(symbol.st_info) == STB_GLOBAL &&
           GELF_ST_TYPE(symbol.st_info) == STT_OBJECT;
  }
  return false;
}

// What a walk over all sections found.
struct Found {
  std::optional<std::string> stamp;
  std::optional<std::string> descriptor;
  bool has_entry = false;
};

Found walk_sections(Elf* elf, std::size_t names) {
  Found found;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_DYNSYM && defines_entry(elf, section, header)) found.has_entry = true;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr) continue;
    if (std::strcmp(name, P2P_ABI_SECTION) == 0) found.stamp = bytes_of(section, header);
    if (std::strcmp(name, P2P_INFO_SECTION) == 0) found.descriptor = bytes_of(section, header);
  }
  return found;
}

Result<ElfPlugin> read_sections(Elf* elf) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0)
    return refused(fmt::format("its sections cannot be read: {}", elf_errmsg(-1)));
  Found found = walk_sections(elf, names);
  if (!found.stamp && !found.descriptor && !found.has_entry) {
    return refused("it is a shared library, but no plugin of p2phost");
  }
  if (!found.has_entry) return refused("it has no entry " P2P_ENTRY_SYMBOL " of its own; is P2P_PLUGIN missing?");
  if (!found.stamp) return refused("it has no readable section " P2P_ABI_SECTION);
  if (!found.descriptor) return refused("it has no readable section " P2P_INFO_SECTION);
  found.stamp->resize(std::strlen(found.stamp->c_str()));
  return ElfPlugin{std::move(*found.stamp), std::move(*found.descriptor)};
}

}  // namespace

Result<ElfPlugin> read_elf_plugin(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return refused(fmt::format("it cannot be read: {}", std::strerror(errno)));
  const off_t file_bytes = lseek(file.get(), 0, SEEK_END);
  if (file_bytes < 0 || elf_version(EV_CURRENT) == EV_NONE) return refused("it cannot be read");

  // Not mapped: a file that shrinks meanwhile would end the host.
  const ElfHandle elf(elf_begin(file.get(), ELF_C_READ, nullptr));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return refused("it is no ELF file");
  GElf_Ehdr header{};
  if (gelf_getehdr(elf.get(), &header) == nullptr) return refused(fmt::format("it is no ELF file: {}", elf_errmsg(-1)));
  const auto checked = check_header(header, static_cast<std::uint64_t>(file_bytes));
  if (!checked.ok()) return checked.error();
  return read_sections(elf.get());
}

}  // namespace p2p::host
