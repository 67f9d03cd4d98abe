// What does a crash leave of what was not synced? A disk in memory for the tests of agreed/disk: every call is made of
// steps, one of which can be the end of the process or fail. Names that are not on disk may be lost in any combination,
// bytes that are not may be cut anywhere: worse than any real file system.
#pragma once

#include "agreed/disk/file_system.h"
#include "cluster/map/identity.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::agreed {

inline constexpr cluster::ClusterId kNetwork{{.high = 0x6e6574, .low = 7}};  // that ends in the tests

// Thrown where the process ends. Whoever catches it calls restart().
struct SimulatedEnd {};

enum class DiskFault : std::uint8_t {
  ends_before,  // the process ends just before the step
  ends_after,   // or just after it
  no_space,     // the step fails with ENOSPC, and does half of a write
  read_only,    // EROFS: every step that writes fails from then on
  broken,       // EIO: of a file's sync, its bytes never get to the disk, although a second one would say so
};

class SimulatedDisk final : public FileSystem {
 public:
  // The root, and one folder in it, "/data".
  SimulatedDisk();

  // The n-th step from now, counted from 0.
  void fail_at(std::size_t step, DiskFault fault);
  void heal();
  std::size_t steps() const { return steps_; }
  bool has_failed() const { return has_failed_; }  // since fail_at()

  // What the process did not close is closed. A machine that lost its power has lost what was not synced, or not: that
  // depends on `seed`.
  void restart_process();
  void restart_machine(std::uint64_t seed);

  // Somebody else's doing: on disk at once.
  void put(const std::filesystem::path& file, std::string bytes);
  void remove(const std::filesystem::path& path);
  std::optional<std::string> bytes_of(const std::filesystem::path& file) const;
  std::vector<std::string> names_in(const std::filesystem::path& folder) const;
  void copy(const std::filesystem::path& folder, const std::filesystem::path& to);

  Result<Done> make_folder(const std::filesystem::path& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& file) override;
  Result<std::optional<std::string>> read(const std::filesystem::path& file, std::size_t bytes_max) override;
  Result<Done> write(const std::filesystem::path& file, std::string_view bytes) override;
  Result<Done> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<Done> sync_folder(const std::filesystem::path& folder) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override;

 private:
  struct Node;
  using NodePointer = std::shared_ptr<Node>;
  struct Node {
    bool is_folder = false;
    std::string bytes;
    bool is_synced = false;                            // the bytes
    bool is_lost = false;                              // a sync failed: they never get to the disk
    std::map<std::string, NodePointer> names;          // as processes see them
    std::map<std::string, NodePointer> names_on_disk;  // as a crash leaves them
    std::shared_ptr<bool> is_locked = std::make_shared<bool>(false);
  };
  struct Naming {
    NodePointer folder;
    std::string name;
    NodePointer target;  // null: the name goes
  };
  using Operation = std::vector<Naming>;  // on disk as a whole or not at all
  enum class Kind : std::uint8_t { reading, writing, syncing };

  // Nothing: the step may be done.
  std::optional<Error> begin_step(Kind kind, const std::filesystem::path& path);
  void end_step();

  NodePointer find(const std::filesystem::path& path) const;
  void perform(Operation operation);
  static void put_on_disk(const Operation& operation);
  void lose_unsynced(const NodePointer& node, std::minstd_rand& random);
  static NodePointer copy_of(const NodePointer& node);

  NodePointer root_ = std::make_shared<Node>();
  std::vector<Operation> pending_;
  std::size_t steps_ = 0;
  std::optional<std::pair<std::size_t, DiskFault>> fault_;
  bool has_failed_ = false;
};

}  // namespace p2p::agreed
