#include "simulated_disk.h"

#include <p2p/assert.h>

#include <algorithm>
#include <functional>

namespace p2p::agreed {
namespace {

using Path = std::filesystem::path;

Error failure(const char* what, const Path& path) {
  return Error{ErrorKind::local, path.native() + ": " + what + " (simulated)"};
}

class SimulatedLock final : public FileLock {
 public:
  explicit SimulatedLock(std::shared_ptr<bool> is_locked) : is_locked_(std::move(is_locked)) { *is_locked_ = true; }
  ~SimulatedLock() override { *is_locked_ = false; }

 private:
  std::shared_ptr<bool> is_locked_;
};

}  // namespace

SimulatedDisk::SimulatedDisk() {
  root_->is_folder = true;
  const auto data = std::make_shared<Node>();
  data->is_folder = true;
  perform({{root_, "data", data}});
  put_on_disk(pending_.back());
  pending_.clear();
}

void SimulatedDisk::fail_at(std::size_t step, DiskFault fault) {
  fault_ = {steps_ + step, fault};
  has_failed_ = false;
}

void SimulatedDisk::heal() { fault_.reset(); }

std::optional<Error> SimulatedDisk::begin_step(Kind kind, const Path& path) {
  const std::size_t step = steps_++;
  if (!fault_ || step < fault_->first) return {};
  if (fault_->second == DiskFault::read_only) {
    has_failed_ = true;
    if (kind == Kind::writing) return failure("read-only file system", path);
    return {};
  }
  if (step != fault_->first) return {};
  has_failed_ = true;
  switch (fault_->second) {
    case DiskFault::ends_before:
      throw SimulatedEnd();
    case DiskFault::no_space:
      if (kind == Kind::reading) return {};
      return failure("no space left on device", path);
    case DiskFault::broken:
      return failure("input/output error", path);
    case DiskFault::ends_after:
    case DiskFault::read_only:
      break;
  }
  return {};
}

void SimulatedDisk::end_step() {
  if (fault_ && fault_->second == DiskFault::ends_after && steps_ == fault_->first + 1) throw SimulatedEnd();
}

SimulatedDisk::NodePointer SimulatedDisk::find(const Path& path) const {
  NodePointer node = root_;
  for (const Path& part : path.relative_path()) {
    const auto found = node->names.find(part.native());
    if (found == node->names.end()) return nullptr;
    node = found->second;
  }
  return node;
}

void SimulatedDisk::perform(Operation operation) {
  for (const Naming& naming : operation) {
    if (naming.target) {
      naming.folder->names[naming.name] = naming.target;
    } else {
      naming.folder->names.erase(naming.name);
    }
  }
  pending_.push_back(std::move(operation));
}

void SimulatedDisk::put_on_disk(const Operation& operation) {
  for (const Naming& naming : operation) {
    if (naming.target) {
      naming.folder->names_on_disk[naming.name] = naming.target;
    } else {
      naming.folder->names_on_disk.erase(naming.name);
    }
  }
}

void SimulatedDisk::restart_process() {
  const std::function<void(const NodePointer&)> unlock = [&](const NodePointer& node) {
    node->is_locked = std::make_shared<bool>(false);
    for (const auto& [name, inner] : node->names) unlock(inner);
  };
  unlock(root_);
  heal();
}

void SimulatedDisk::restart_machine(std::uint64_t seed) {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed * 7919 + 1));
  random.discard(3);
  for (const Operation& operation : pending_) {
    // Two of the seeds keep nothing and everything.
    if (seed == 1 || (seed > 1 && random() % 2 == 0)) put_on_disk(operation);
  }
  pending_.clear();
  lose_unsynced(root_, random);
  restart_process();
}

void SimulatedDisk::lose_unsynced(const NodePointer& node, std::minstd_rand& random) {
  node->names = node->names_on_disk;
  if (!node->is_folder && !node->is_synced) node->bytes.resize(random() % (node->bytes.size() + 1));
  node->is_synced = true;
  for (const auto& [name, inner] : node->names) lose_unsynced(inner, random);
}

void SimulatedDisk::put(const Path& file, std::string bytes) {
  const auto node = std::make_shared<Node>();
  node->bytes = std::move(bytes);
  node->is_synced = true;
  put_on_disk({{find(file.parent_path()), file.filename(), node}});
  find(file.parent_path())->names[file.filename()] = node;
}

void SimulatedDisk::remove(const Path& path) {
  const NodePointer folder = find(path.parent_path());
  folder->names.erase(path.filename());
  folder->names_on_disk.erase(path.filename());
}

std::optional<std::string> SimulatedDisk::bytes_of(const Path& file) const {
  const NodePointer node = find(file);
  return node ? std::optional(node->bytes) : std::nullopt;
}

std::vector<std::string> SimulatedDisk::names_in(const Path& folder) const {
  std::vector<std::string> names;
  for (const auto& [name, node] : find(folder)->names) names.push_back(name);
  return names;
}

SimulatedDisk::NodePointer SimulatedDisk::copy_of(const NodePointer& node) {
  const auto copy = std::make_shared<Node>(*node);
  copy->is_locked = std::make_shared<bool>(false);
  for (auto& [name, inner] : copy->names) inner = copy_of(inner);
  copy->names_on_disk = copy->names;
  return copy;
}

void SimulatedDisk::copy(const Path& folder, const Path& to) {
  const NodePointer parent = find(to.parent_path());
  parent->names[to.filename()] = parent->names_on_disk[to.filename()] = copy_of(find(folder));
}

Result<Done> SimulatedDisk::make_folder(const Path& folder) {
  if (auto failed = begin_step(Kind::writing, folder)) return *failed;
  const NodePointer parent = find(folder.parent_path());
  if (!parent) return failure("no such folder", folder.parent_path());
  if (const NodePointer there = find(folder)) {
    if (!there->is_folder) return failure("not a folder", folder);
  } else {
    const auto made = std::make_shared<Node>();
    made->is_folder = true;
    perform({{parent, folder.filename(), made}});
  }
  end_step();
  return sync_folder(folder.parent_path());
}

Result<std::unique_ptr<FileLock>> SimulatedDisk::lock(const Path& file) {
  if (auto failed = begin_step(Kind::writing, file)) return *failed;
  if (!find(file)) perform({{find(file.parent_path()), file.filename(), std::make_shared<Node>()}});
  const NodePointer node = find(file);
  if (*node->is_locked) return Error{ErrorKind::refused, file.native() + " is in use"};
  auto held = std::make_unique<SimulatedLock>(node->is_locked);
  end_step();
  return std::unique_ptr<FileLock>(std::move(held));
}

Result<std::optional<std::string>> SimulatedDisk::read(const Path& file, std::size_t bytes_max) {
  if (auto failed = begin_step(Kind::reading, file)) return *failed;
  const NodePointer node = find(file);
  if (!node) return std::optional<std::string>();
  if (node->is_folder) return failure("is no file", file);
  if (node->bytes.size() > bytes_max) return failure("is too long", file);
  end_step();
  return std::optional(node->bytes);
}

Result<Done> SimulatedDisk::write(const Path& file, std::string_view bytes) {
  if (auto failed = begin_step(Kind::writing, file)) return *failed;
  const NodePointer folder = find(file.parent_path());
  if (!folder) return failure("no such folder", file.parent_path());
  const auto made = std::make_shared<Node>();
  perform({{folder, file.filename(), made}});
  end_step();
  for (const std::string_view half : {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)}) {
    if (auto failed = begin_step(Kind::writing, file)) return *failed;
    made->bytes += half;
    end_step();
  }
  if (auto failed = begin_step(Kind::syncing, file)) {
    made->is_lost = true;
    return *failed;
  }
  made->is_synced = !made->is_lost;
  end_step();
  return Done{};
}

Result<Done> SimulatedDisk::rename(const Path& from, const Path& to) {
  if (auto failed = begin_step(Kind::writing, to)) return *failed;
  const NodePointer node = find(from);
  if (!node) return failure("no such file", from);
  perform({{find(from.parent_path()), from.filename(), nullptr}, {find(to.parent_path()), to.filename(), node}});
  end_step();
  return Done{};
}

Result<Done> SimulatedDisk::sync_folder(const Path& folder) {
  if (auto failed = begin_step(Kind::syncing, folder)) return *failed;
  const NodePointer synced = find(folder);
  if (!synced) return failure("no such folder", folder);
  std::erase_if(pending_, [&](const Operation& operation) {
    const bool concerns =
        std::any_of(operation.begin(), operation.end(), [&](const Naming& naming) { return naming.folder == synced; });
    if (concerns) put_on_disk(operation);
    return concerns;
  });
  end_step();
  return Done{};
}

Result<std::vector<std::string>> SimulatedDisk::list(const Path& folder) {
  if (auto failed = begin_step(Kind::reading, folder)) return *failed;
  if (!find(folder)) return failure("no such folder", folder);
  auto names = names_in(folder);
  end_step();
  return names;
}

}  // namespace p2p::agreed
