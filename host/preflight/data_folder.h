// Where does a node keep its files? In a folder of its own, which only its user may enter and only one node may use.
#pragma once

#include "files/owned_descriptor.h"

#include <p2p/result.h>

#include <cstdint>
#include <filesystem>

namespace p2p::host {

// The folder for a node on `port` when [host] data_dir is empty: under $STATE_DIRECTORY (set by the service manager),
// $XDG_STATE_HOME or ~/.local/state; /var/lib/p2phost for root.
std::filesystem::path default_data_dir(std::uint16_t port);

// Whether the operator's socket can be made at `path`: short enough for the system, replacing nothing but a socket, and
// in a folder that exists, or in `data_folder`, which will. The error names the key to change.
Result<Done> check_socket_place(const std::filesystem::path& path, const std::filesystem::path& data_folder);

// Made with mode 0700 if missing, and locked until destroyed or until the process ends.
class DataFolder final {
 public:
  // An error names the folder and what to do: not writable, or in use by another node.
  static Result<DataFolder> open(const std::filesystem::path& path);

  // Whether open() would find it usable, as far as can be seen without making anything; does not check for another
  // node.
  static Result<Done> check(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  DataFolder(std::filesystem::path path, OwnedDescriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  OwnedDescriptor lock_;
};

}  // namespace p2p::host
