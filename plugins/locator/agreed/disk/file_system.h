// What does this node need of a disk, so that what it wrote is there after a crash or not at all? A seam: the real one
// is posix_file_system.h, tests have one that loses what was not synced. Every error names the path, what failed and
// what to do; one of a write or a sync is final: what is on disk is then unknown, and repeating the call would not
// tell.
#pragma once

#include <p2p/result.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::agreed {

// A folder with more entries is not one of ours.
inline constexpr std::size_t kFolderEntriesMax = 10'000;

// Held until it is destroyed or its process has ended, however that ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Not thread-safe on the same path; every call may block.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // It is there afterwards, and on disk; its parent must be there. A new one is this user's alone.
  virtual Result<Done> make_folder(const std::filesystem::path& folder) = 0;

  // Makes the file if need be. ErrorKind::refused: another process holds it, and which if that can be known.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& file) = 0;

  // The whole file; nothing when there is none. A longer one than `bytes_max` is an error.
  virtual Result<std::optional<std::string>> read(const std::filesystem::path& file, std::size_t bytes_max) = 0;

  // A new file in place of one of that name, this user's alone. Its bytes are on disk afterwards, its name may not be.
  virtual Result<Done> write(const std::filesystem::path& file, std::string_view bytes) = 0;

  // Of a file, over another if there is one, or of a folder. On disk once the folders of both names are synced; until
  // then either name may be what a crash leaves.
  virtual Result<Done> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Result<Done> sync_folder(const std::filesystem::path& folder) = 0;

  // The names in it, in no order, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& folder) = 0;
};

// After success `file` has these bytes, on disk. After an error, or a crash on the way, it has them or what it had
// before. Uses the name `file`.new.
Result<Done> replace(FileSystem& files, const std::filesystem::path& file, std::string_view bytes);

}  // namespace p2p::agreed
