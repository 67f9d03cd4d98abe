// A folder of one's own, gone with its object.
#pragma once

#include <filesystem>
#include <string_view>

namespace p2p::host {

class TemporaryFolder final {
 public:
  // Its name begins so; its mode is 0700. Throws std::runtime_error when it cannot be made.
  explicit TemporaryFolder(std::string_view name);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace p2p::host
