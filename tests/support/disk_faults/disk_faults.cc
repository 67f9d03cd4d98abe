// What does a real program do when the disk fails, or when it ends, at its n-th call? Preloaded (LD_PRELOAD), this
// library counts the calls of the program that concern files below one folder, and lets one of them fail.
//   P2P_DISK_FAULT="FOLDER CALL NUMBER ACT"
//     FOLDER  an absolute path without spaces; it need not be there yet, its parent must
//     CALL    open, write, fsync, rename, mkdir, unlink, or any (all of these together)
//     NUMBER  the first is 1; "3+" means the third and all later ones; 0: none
//     ACT     the name or number of an error (ENOSPC, EIO, EROFS, EACCES, EINTR, EMFILE, 28): the call fails, nothing
//     is done
//             short: a write writes half of its bytes, at least one; other calls are made
//             exit-before, exit-after: the process ends at once, with kEndStatus, before the call or after it
//   P2P_DISK_TRACE=FILE     each counted call is a line there: "NUMBER CALL PATH", with " *" when it was made to fail
// A file that the program opens by a stream is not seen: the C library opens that itself.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define P2P_INTERPOSED extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kEndStatus = 77;

enum class Act { none, error, short_write, exit_before, exit_after };

// Set once, before main(); calls before that pass. No memory is allocated: signal handlers call write(2) too.
struct Plan {
  std::atomic<bool> is_active{false};
  char folder[PATH_MAX] = {};
  char call[16] = {};
  long number = 0;
  bool and_later = false;
  Act act = Act::none;
  int error = 0;
  int trace = -1;
  std::atomic<long> counted{0};
};
constinit Plan plan;  // filled by read_plan(), which an initializer must not undo

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

[[noreturn]] void end_process() {
  ::syscall(SYS_exit_group, kEndStatus);
  __builtin_unreachable();
}

[[noreturn]] void give_up(const char* why) {
  ::dprintf(2, "disk_faults: %s; see tests/support/disk_faults/disk_faults.cc\n", why);
  ::abort();
}

int error_named(const char* name) {
  static constexpr struct {
    const char* name;
    int error;
  } kErrors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EROFS", EROFS},   {"EACCES", EACCES},
                 {"EINTR", EINTR},   {"EMFILE", EMFILE}, {"EDQUOT", EDQUOT}, {"ENOENT", ENOENT}};
  for (const auto& known : kErrors) {
    if (std::strcmp(name, known.name) == 0) return known.error;
  }
  return std::atoi(name);
}

void set_act(const char* text) {
  if (std::strcmp(text, "short") == 0) {
    plan.act = Act::short_write;
  } else if (std::strcmp(text, "exit-before") == 0) {
    plan.act = Act::exit_before;
  } else if (std::strcmp(text, "exit-after") == 0) {
    plan.act = Act::exit_after;
  } else {
    plan.act = Act::error;
    plan.error = error_named(text);
    if (plan.error <= 0) give_up("P2P_DISK_FAULT names no known error");
  }
}

// The real path of what is there; of what is not, the real path of its folder, and its name.
bool resolve(int folder, const char* path, char* resolved) {
  char whole[PATH_MAX];
  if (path[0] != '/' && folder != AT_FDCWD) {
    char link[64];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    const ssize_t length = ::readlink(link, whole, sizeof whole - 1);
    if (length < 0) return false;
    std::snprintf(whole + length, sizeof whole - static_cast<std::size_t>(length), "/%s", path);
  } else {
    std::snprintf(whole, sizeof whole, "%s%s", path[0] == '/' ? "" : "./", path);
  }
  if (::realpath(whole, resolved) != nullptr) return true;
  char* slash = std::strrchr(whole, '/');
  if (slash == nullptr) return false;
  *slash = '\0';
  if (::realpath(slash == whole ? "/" : whole, resolved) == nullptr) return false;
  const std::size_t length = std::strlen(resolved);
  std::snprintf(resolved + length, PATH_MAX - length, "/%s", slash + 1);
  return true;
}

bool is_below(const char* path) {
  const std::size_t length = std::strlen(plan.folder);
  return std::strncmp(path, plan.folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

void trace(long number, const char* call, const char* path, bool fails) {
  if (plan.trace < 0) return;
  char line[PATH_MAX + 64];
  const int length = std::snprintf(line, sizeof line, "%ld %s %s%s\n", number, call, path, fails ? " *" : "");
  ::syscall(SYS_write, plan.trace, line, static_cast<std::size_t>(length));
}

// What is to happen to this call; exit_before happens here.
Act act_on(const char* call, const char* path) {
  if (std::strcmp(plan.call, "any") != 0 && std::strcmp(plan.call, call) != 0) return Act::none;
  const long number = ++plan.counted;
  const bool fails = plan.number > 0 && (number == plan.number || (plan.and_later && number > plan.number));
  trace(number, call, path, fails);
  if (!fails) return Act::none;
  if (plan.act == Act::exit_before) end_process();
  return plan.act;
}

Act act_on_path(const char* call, int folder, const char* path) {
  char resolved[PATH_MAX];
  if (!plan.is_active || !resolve(folder, path, resolved) || !is_below(resolved)) return Act::none;
  return act_on(call, resolved);
}

Act act_on_descriptor(const char* call, int descriptor) {
  if (!plan.is_active) return Act::none;
  char link[64];
  char path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const int before = errno;
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  errno = before;
  if (length < 0) return Act::none;
  path[length] = '\0';
  return is_below(path) ? act_on(call, path) : Act::none;
}

template <class Call>
auto perform(Act act, Call call) -> decltype(call()) {
  if (act == Act::error) {
    errno = plan.error;
    return -1;
  }
  const auto result = call();
  if (act == Act::exit_after) end_process();
  return result;
}

std::size_t shortened(Act act, std::size_t length) {
  return act == Act::short_write && length > 1 ? length / 2 : length;
}

template <class Function>
int open_by(const char* name, const char* path, int flags, mode_t mode) {
  return perform(act_on_path("open", AT_FDCWD, path), [&] { return next<Function>(name)(path, flags, mode); });
}

template <class Function>
int open_at_by(const char* name, int folder, const char* path, int flags, mode_t mode) {
  return perform(act_on_path("open", folder, path), [&] { return next<Function>(name)(folder, path, flags, mode); });
}

__attribute__((constructor)) void read_plan() {
  const char* text = std::getenv("P2P_DISK_FAULT");
  if (text == nullptr) return;
  char folder[PATH_MAX] = {};
  char number[16];
  char act[16];
  if (std::sscanf(text, "%4000s %15s %15s %15s", folder, plan.call, number, act) != 4)
    give_up("P2P_DISK_FAULT is to be 'FOLDER CALL NUMBER ACT'");
  if (!resolve(AT_FDCWD, folder, plan.folder)) give_up("the folder that P2P_DISK_FAULT names has no parent");
  plan.number = std::atol(number);
  plan.and_later = std::strchr(number, '+') != nullptr;
  set_act(act);
  if (const char* file = std::getenv("P2P_DISK_TRACE")) {
    plan.trace =
        static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (plan.trace < 0) give_up("cannot open the file that P2P_DISK_TRACE names");
  }
  plan.is_active = true;
}

mode_t mode_of(int flags, std::va_list arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// --- open
// -------------------------------------------------------------------------------------------------------------

#define P2P_OPEN(name)                                                    \
  P2P_INTERPOSED int name(const char* path, int flags, ...) {             \
    std::va_list arguments;                                               \
    va_start(arguments, flags);                                           \
    const mode_t mode = mode_of(flags, arguments);                        \
    va_end(arguments);                                                    \
    return open_by<int(const char*, int, ...)>(#name, path, flags, mode); \
  }
#define P2P_OPEN_AT(name)                                                                 \
  P2P_INTERPOSED int name(int folder, const char* path, int flags, ...) {                 \
    std::va_list arguments;                                                               \
    va_start(arguments, flags);                                                           \
    const mode_t mode = mode_of(flags, arguments);                                        \
    va_end(arguments);                                                                    \
    return open_at_by<int(int, const char*, int, ...)>(#name, folder, path, flags, mode); \
  }
P2P_OPEN(open)
P2P_OPEN(open64)
P2P_OPEN_AT(openat)
P2P_OPEN_AT(openat64)

// --- write
// ------------------------------------------------------------------------------------------------------------

P2P_INTERPOSED ssize_t write(int descriptor, const void* bytes, std::size_t length) {
  const Act act = act_on_descriptor("write", descriptor);
  return perform(act, [&] {
    return next<ssize_t(int, const void*, std::size_t)>("write")(descriptor, bytes, shortened(act, length));
  });
}

P2P_INTERPOSED ssize_t pwrite(int descriptor, const void* bytes, std::size_t length, off_t at) {
  const Act act = act_on_descriptor("write", descriptor);
  return perform(act, [&] {
    return next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite")(descriptor, bytes, shortened(act, length), at);
  });
}

P2P_INTERPOSED ssize_t pwrite64(int descriptor, const void* bytes, std::size_t length, off64_t at) {
  const Act act = act_on_descriptor("write", descriptor);
  return perform(act, [&] {
    return next<ssize_t(int, const void*, std::size_t, off64_t)>("pwrite64")(descriptor, bytes, shortened(act, length),
                                                                             at);
  });
}

P2P_INTERPOSED ssize_t writev(int descriptor, const iovec* parts, int count) {
  const Act act = act_on_descriptor("write", descriptor);
  return perform(act, [&] {
    const int written = static_cast<int>(shortened(act, static_cast<std::size_t>(count)));
    return next<ssize_t(int, const iovec*, int)>("writev")(descriptor, parts, written);
  });
}

// --- fsync, and what changes names
// ------------------------------------------------------------------------------------

P2P_INTERPOSED int fsync(int descriptor) {
  return perform(act_on_descriptor("fsync", descriptor), [&] { return next<int(int)>("fsync")(descriptor); });
}

P2P_INTERPOSED int fdatasync(int descriptor) {
  return perform(act_on_descriptor("fsync", descriptor), [&] { return next<int(int)>("fdatasync")(descriptor); });
}

P2P_INTERPOSED int rename(const char* from, const char* to) noexcept {
  return perform(act_on_path("rename", AT_FDCWD, to),
                 [&] { return next<int(const char*, const char*)>("rename")(from, to); });
}

P2P_INTERPOSED int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return perform(act_on_path("rename", to_folder, to), [&] {
    return next<int(int, const char*, int, const char*)>("renameat")(from_folder, from, to_folder, to);
  });
}

P2P_INTERPOSED int renameat2(int from_folder, const char* from, int to_folder, const char* to,
                             unsigned flags) noexcept {
  return perform(act_on_path("rename", to_folder, to), [&] {
    return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to,
                                                                                flags);
  });
}

P2P_INTERPOSED int mkdir(const char* path, mode_t mode) noexcept {
  return perform(act_on_path("mkdir", AT_FDCWD, path),
                 [&] { return next<int(const char*, mode_t)>("mkdir")(path, mode); });
}

P2P_INTERPOSED int unlink(const char* path) noexcept {
  return perform(act_on_path("unlink", AT_FDCWD, path), [&] { return next<int(const char*)>("unlink")(path); });
}
