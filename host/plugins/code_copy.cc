#include "plugins/code_copy.h"

#include "files/owned_descriptor.h"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

// In /proc/PID/maps the kernel writes "/memfd:" before it and " (deleted)" behind.
constexpr const char* kCopyName = "p2phost-plugin";

// A memory range mapped from a file.
struct Area {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  int protection = PROT_NONE;

  std::size_t bytes() const { return end - begin; }
};

struct Library {
  std::string path;
  std::uintptr_t begin = UINTPTR_MAX;
  std::uintptr_t end = 0;

  bool has(const Area& area) const { return area.begin < end && begin < area.end; }
};

std::vector<Library> libraries_in(const fs::path& folder) {
  struct Search {
    const fs::path& folder;
    std::vector<Library> found;
  } search{folder, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* asked) {
        auto& running = *static_cast<Search*>(asked);
        if (fs::path(info->dlpi_name).parent_path() != running.folder) return 0;
        Library library{.path = info->dlpi_name};
        for (std::size_t index = 0; index < info->dlpi_phnum; ++index) {
          const ElfW(Phdr)& segment = info->dlpi_phdr[index];
          if (segment.p_type != PT_LOAD) continue;
          library.begin = std::min<std::uintptr_t>(library.begin, info->dlpi_addr + segment.p_vaddr);
          library.end = std::max<std::uintptr_t>(library.end, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
        }
        running.found.push_back(library);
        return 0;
      },
      &search);
  return search.found;
}

// Parses a line of /proc/self/maps; false when it is for no file, for a copy of ours, or unreadable.
bool read_area(const std::string& line, Area& area) {
  unsigned long begin = 0;
  unsigned long end = 0;
  char rights[5] = {};
  unsigned long inode = 0;
  if (std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %lu", &begin, &end, rights, &inode) != 4) return false;
  if (inode == 0 || rights[0] != 'r' || line.find(kCopyName) != std::string::npos) return false;
  area = {begin, end, PROT_READ};
  if (rights[1] == 'w') area.protection |= PROT_WRITE;
  if (rights[2] == 'x') area.protection |= PROT_EXEC;
  return true;
}

Result<std::vector<Area>> areas_of(const std::vector<Library>& libraries) {
  std::ifstream maps("/proc/self/maps");
  if (!maps) return Error{ErrorKind::refused, "/proc/self/maps cannot be read"};
  std::vector<Area> areas;
  Area area;
  for (std::string line; std::getline(maps, line);) {
    if (!read_area(line, area)) continue;
    const bool is_wanted =
        std::any_of(libraries.begin(), libraries.end(), [&](const Library& library) { return library.has(area); });
    if (is_wanted) areas.push_back(area);
  }
  return areas;
}

// The dynamic loader also identifies a library by its file's inode number. While something of the file is mapped, no
// other file gets that number, and none is taken for the loaded library.
bool keep_number_of(const Library& library) {
  const OwnedDescriptor file(::open(library.path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.is_open() && ::mmap(nullptr, 1, PROT_NONE, MAP_PRIVATE, file.number(), 0) != MAP_FAILED;
}

// Word by word, and past the sanitizers: they keep poisoned bytes between the variables that are copied here.
__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined"), noinline)) void copy_words(
    const Area& area, std::uintptr_t to) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses from /proc/self/maps
  const auto* source = reinterpret_cast<const volatile std::uint64_t*>(area.begin);
  auto* target = reinterpret_cast<volatile std::uint64_t*>(to);  // NOLINT(performance-no-int-to-ptr)
  for (std::size_t word = 0; word < area.bytes() / sizeof *source; ++word) target[word] = source[word];
}

class Copy final {
 public:
  explicit Copy(std::size_t bytes) : bytes_(bytes), file_(::memfd_create(kCopyName, MFD_CLOEXEC | MFD_ALLOW_SEALING)) {}

  // False: errno says why.
  bool fill(const std::vector<Area>& areas) {
    if (!file_.is_open() || ::ftruncate(file_.number(), static_cast<off_t>(bytes_)) != 0) return false;
    void* view = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
    if (view == MAP_FAILED) return false;
    auto to = reinterpret_cast<std::uintptr_t>(view);
    for (const Area& area : areas) {
      copy_words(area, to);
      to += area.bytes();
    }
    ::munmap(view, bytes_);
    return ::fcntl(file_.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
  }

  // Atomic for code that runs there meanwhile: the bytes are the same.
  bool map(const Area& area, std::size_t offset) const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address from /proc/self/maps
    void* const at = reinterpret_cast<void*>(area.begin);
    return ::mmap(at, area.bytes(), area.protection, MAP_PRIVATE | MAP_FIXED, file_.number(),
                  static_cast<off_t>(offset)) == at;
  }

  // Whether the system allows code to run from it at all.
  bool may_run() const {
    void* view = ::mmap(nullptr, bytes_, PROT_READ | PROT_EXEC, MAP_PRIVATE, file_.number(), 0);
    if (view == MAP_FAILED) return false;
    ::munmap(view, bytes_);
    return true;
  }

 private:
  const std::size_t bytes_;
  const OwnedDescriptor file_;
};

}  // namespace

Result<Done> copy_code_of(const fs::path& folder) {
  const std::vector<Library> libraries = libraries_in(folder);
  const auto areas = areas_of(libraries);
  if (!areas.ok()) return areas.error();
  std::size_t bytes = 0;
  for (const Area& area : areas.value()) bytes += area.bytes();
  if (bytes == 0) return Done{};
  const auto failed = [] { return Error{ErrorKind::refused, std::strerror(errno)}; };
  for (const Library& library : libraries) {
    const bool is_new =
        std::any_of(areas.value().begin(), areas.value().end(), [&](const Area& area) { return library.has(area); });
    if (is_new && !keep_number_of(library)) return failed();
  }
  Copy copy(bytes);
  if (!copy.fill(areas.value()) || !copy.may_run()) return failed();
  std::size_t offset = 0;
  for (const Area& area : areas.value()) {
    if (!copy.map(area, offset)) return failed();
    offset += area.bytes();
  }
  return Done{};
}

}  // namespace p2p::host
