#include "plugins/file_trust.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace p2p::host {
namespace {

constexpr mode_t kPermissionBits = 07777;

Result<FileFacts> facts_of(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return Error{ErrorKind::invalid, fmt::format("{} cannot be looked at: {}", path.string(), std::strerror(errno))};
  }
  return FileFacts{path, status.st_uid, status.st_gid, status.st_mode};
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  if (folder.empty()) return false;
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != ".." && relative != ".";
}

// Who may own a file, and who else may write it.
struct Allowance {
  const TrustRule& rule;
  bool is_own_tree;

  bool owner(uid_t owner) const {
    return owner == 0 || owner == rule.user || (is_own_tree && owner == rule.executable->owner);
  }
  bool group_writes(const FileFacts& file) const {
    return is_own_tree && (rule.executable->mode & S_IWGRP) != 0 && file.group == rule.executable->group;
  }
  bool all_write() const { return is_own_tree && (rule.executable->mode & S_IWOTH) != 0; }
};

void find_faults(const FileFacts& file, const Allowance& allowed, std::vector<std::string>& faults) {
  const std::string path = file.path.string();
  const std::string shown =
      fmt::format("{} (mode {:04o}, owner {}, group {})", path, file.mode & kPermissionBits, file.owner, file.group);
  if (!allowed.owner(file.owner)) {
    const uid_t user = allowed.rule.user;
    const std::string wrong =
        user == 0 ? "it does not belong to root" : fmt::format("it belongs to neither root nor user {}", user);
    faults.push_back(fmt::format("{}: {}, who runs the node; run: chown {} {}", shown, wrong, user, path));
  }
  // In a sticky folder of root, nobody can replace another's file.
  const bool is_shared_folder = S_ISDIR(file.mode) && (file.mode & S_ISVTX) != 0 && file.owner == 0;
  if (is_shared_folder) return;
  if ((file.mode & S_IWGRP) != 0 && !allowed.group_writes(file)) {
    faults.push_back(fmt::format("{}: writable by its group; run: chmod g-w {}", shown, path));
  }
  if ((file.mode & S_IWOTH) != 0 && !allowed.all_write()) {
    faults.push_back(fmt::format("{}: writable by everybody; run: chmod o-w {}", shown, path));
  }
}

}  // namespace

TrustRule trust_rule_of_this_process(bool allow_unsafe) {
  TrustRule rule;
  rule.user = geteuid();
  rule.allow_unsafe = allow_unsafe;
  std::error_code failure;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (failure) return rule;
  auto facts = facts_of(executable);
  if (!facts.ok()) return rule;
  rule.executable = std::move(facts.value());
  rule.executable_tree = executable.parent_path().parent_path();
  return rule;
}

TrustRule configuration_rule(TrustRule rule) {
  rule.executable_tree = "/";
  rule.allow_unsafe = false;
  return rule;
}

std::vector<std::string> find_unsafe(const FileFacts& file, const std::vector<FileFacts>& parents,
                                     const TrustRule& rule) {
  const bool is_own_tree = rule.executable && is_below(file.path, rule.executable_tree);
  const Allowance allowed{rule, is_own_tree};
  std::vector<std::string> faults;
  find_faults(file, allowed, faults);
  for (const FileFacts& parent : parents) {
    // Anyone who can write the tree's own folder, or one above it, can replace the executable.
    if (is_own_tree && !is_below(parent.path, rule.executable_tree)) break;
    find_faults(parent, allowed, faults);
  }
  return faults;
}

Result<std::vector<std::string>> find_unsafe(const std::filesystem::path& resolved, const TrustRule& rule) {
  auto file = facts_of(resolved);
  if (!file.ok()) return file.error();
  std::vector<FileFacts> parents;
  for (auto folder = resolved.parent_path();; folder = folder.parent_path()) {
    auto facts = facts_of(folder);
    if (!facts.ok()) return facts.error();
    parents.push_back(std::move(facts.value()));
    if (folder == folder.parent_path()) break;
  }
  return find_unsafe(file.value(), parents, rule);
}

}  // namespace p2p::host
