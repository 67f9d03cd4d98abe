// A folder for one test, gone afterwards.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace p2p::host::test {

class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& within = std::filesystem::temp_directory_path()) {
    umask(022);  // whoever runs the tests: what they make is safe unless a test makes it unsafe
    std::string name = (within / "p2p_test_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

  // A copy of one of the plugins built for the tests.
  std::filesystem::path copy_fixture(const std::string& name, const std::string& as) const {
    std::filesystem::create_directories((path_ / as).parent_path());
    std::filesystem::copy_file(fixture(name), path_ / as);
    std::filesystem::permissions(path_ / as, std::filesystem::perms(0755));
    return path_ / as;
  }

  static std::filesystem::path fixture(const std::string& name) {
    return std::filesystem::path(P2P_FIXTURE_DIR) / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace p2p::host::test
