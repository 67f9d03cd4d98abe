#include "agreed/disk/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

namespace p2p::agreed {
namespace {

using Path = std::filesystem::path;

// Each takes a signal that arrives just then; more are a bug elsewhere.
constexpr int kInterruptionsMax = 1'000;

template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  for (int seen = 0; result == -1 && errno == EINTR && seen < kInterruptionsMax; ++seen) result = call();
  return result;
}

const char* advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "make room there, or set [host] data_dir to a folder on another disk, and start the node again";
    case EROFS:
      return "make that file system writable, or set [host] data_dir to a folder on another one";
    case EIO:
      return "the disk may be failing: look at the kernel's log, and start the node on a sound disk";
    case EACCES:
    case EPERM:
      return "let the user that runs the node read and write there";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files";
    case ENOENT:
    case ENOTDIR:
      return "nothing may remove or move the node's folder while it runs";
    default:
      return "set [host] data_dir to a folder on a local file system that this user may write";
  }
}

Error cannot(const char* what, const Path& path, int error) {
  return Error{ErrorKind::local, std::string("cannot ") + what + " " + path.native() + ": " +
                                     std::system_category().message(error) + "; " + advice(error)};
}

Error is_no(const char* expected, const Path& path) {
  return Error{ErrorKind::invalid, path.native() + " is no " + expected + "; move it away"};
}

class Descriptor final {
 public:
  Descriptor(const Path& path, int flags, mode_t mode = 0)
      : number_(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); })) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  // Whatever must be on disk has been synced before; what close() says is of no use.
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

// 0, or the error. An interrupted sync has not failed, only not ended; any other error is final: the system may have
// dropped what it could not write, and would call a second attempt a success.
int sync(const Descriptor& opened) {
  return uninterrupted([&] { return ::fsync(opened.number()); }) == 0 ? 0 : errno;
}

int write_all(const Descriptor& opened, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = uninterrupted([&] { return ::write(opened.number(), bytes.data(), bytes.size()); });
    if (written < 0) return errno;
    if (written == 0) return EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// Which process wrote its number into a lock's file; 0: none that runs.
pid_t holder(const Descriptor& opened) {
  char text[16];
  const ssize_t length = uninterrupted([&] { return ::pread(opened.number(), text, sizeof text, 0); });
  pid_t number = 0;
  if (length <= 0 || std::from_chars(text, text + length, number).ec != std::errc{} || number <= 0) return 0;
  return ::kill(number, 0) == 0 || errno == EPERM ? number : 0;
}

// Only for the message that another process gives: a disk that is full does not keep anybody from holding a lock.
void note_holder(const Descriptor& opened) {
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(opened.number(), 0) == 0) write_all(opened, text);
}

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor opened) : opened_(std::move(opened)) {}

 private:
  Descriptor opened_;  // closing it ends the lock
};

struct FolderCloser {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<Done> make_folder(const Path& folder) override {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make the folder", folder, errno);
    struct stat found {};
    if (::stat(folder.c_str(), &found) != 0) return cannot("look at", folder, errno);
    if (!S_ISDIR(found.st_mode)) return is_no("folder", folder);
    // Also of one that was there: its process may have ended before it was synced.
    return sync_folder(folder.parent_path());
  }

  Result<std::unique_ptr<FileLock>> lock(const Path& file) override {
    Descriptor opened(file, O_RDWR | O_CREAT | O_NONBLOCK, 0600);
    if (!opened.is_open()) return cannot("open", file, errno);
    if (uninterrupted([&] { return ::flock(opened.number(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) return cannot("lock", file, errno);
      return in_use(file, holder(opened));
    }
    note_holder(opened);
    return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(opened)));
  }

  Result<std::optional<std::string>> read(const Path& file, std::size_t bytes_max) override {
    const Descriptor opened(file, O_RDONLY | O_NONBLOCK);
    if (!opened.is_open()) {
      if (errno == ENOENT) return std::optional<std::string>();
      return cannot("open", file, errno);
    }
    struct stat found {};
    if (::fstat(opened.number(), &found) != 0) return cannot("look at", file, errno);
    if (!S_ISREG(found.st_mode)) return is_no("file", file);
    return read_all(opened, file, bytes_max);
  }

  Result<Done> write(const Path& file, std::string_view bytes) override {
    // A file of its own, never what is left of an earlier attempt: of that a sync may have failed.
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return cannot("remove", file, errno);
    const Descriptor opened(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (!opened.is_open()) return cannot("make", file, errno);
    const auto give_up = [&](const char* what, int error) {
      ::unlink(file.c_str());  // so that it takes no room; if not, the next write does
      return cannot(what, file, error);
    };
    if (const int error = write_all(opened, bytes); error != 0) return give_up("write", error);
    if (const int error = sync(opened); error != 0) return give_up("sync", error);
    return Done{};
  }

  Result<Done> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return Done{};
    return cannot(("rename " + from.native() + " to").c_str(), to, errno);
  }

  Result<Done> sync_folder(const Path& folder) override {
    const Descriptor opened(folder.empty() ? Path(".") : folder, O_RDONLY | O_DIRECTORY);
    if (!opened.is_open()) return cannot("open the folder", folder, errno);
    if (const int error = sync(opened); error != 0) return cannot("sync the folder", folder, error);
    return Done{};
  }

  Result<std::vector<std::string>> list(const Path& folder) override {
    const std::unique_ptr<DIR, FolderCloser> opened(::opendir(folder.c_str()));
    if (!opened) return cannot("list", folder, errno);
    std::vector<std::string> names;
    for (errno = 0; const dirent* entry = ::readdir(opened.get()); errno = 0) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (names.size() == kFolderEntriesMax) return too_many(folder);
      names.emplace_back(name);
    }
    if (errno != 0) return cannot("list", folder, errno);
    return names;
  }

 private:
  static Error in_use(const Path& file, pid_t holder) {
    const std::string by = holder > 0 ? "process " + std::to_string(holder) : std::string("another process");
    return Error{ErrorKind::refused, file.parent_path().native() + " is in use by " + by +
                                         "; stop that one, or give each node its own [host] data_dir"};
  }

  static Error too_many(const Path& folder) {
    return Error{ErrorKind::invalid, folder.native() + " has more than " + std::to_string(kFolderEntriesMax) +
                                         " entries; move away those that you do not need"};
  }

  static Result<std::optional<std::string>> read_all(const Descriptor& opened, const Path& file,
                                                     std::size_t bytes_max) {
    constexpr std::size_t kChunkBytes = 64 * 1024;
    std::string bytes;
    for (;;) {
      const std::size_t length = bytes.size();
      bytes.resize(length + kChunkBytes);
      const ssize_t got = uninterrupted([&] { return ::read(opened.number(), bytes.data() + length, kChunkBytes); });
      if (got < 0) return cannot("read", file, errno);
      bytes.resize(length + static_cast<std::size_t>(got));
      if (got == 0) return std::optional<std::string>(std::move(bytes));
      if (bytes.size() > bytes_max) {
        return Error{ErrorKind::invalid, file.native() + " is longer than the " + std::to_string(bytes_max) +
                                             " bytes that such a file may have; it is not this node's: move it away"};
      }
    }
  }
};

}  // namespace

std::shared_ptr<FileSystem> posix_file_system() { return std::make_shared<PosixFileSystem>(); }

}  // namespace p2p::agreed
