#include "agreed/disk/file_system.h"

namespace p2p::agreed {

Result<Done> replace(FileSystem& files, const std::filesystem::path& file, std::string_view bytes) {
  std::filesystem::path beside = file;
  beside += ".new";
  if (auto written = files.write(beside, bytes); !written.ok()) return written;
  if (auto renamed = files.rename(beside, file); !renamed.ok()) return renamed;
  return files.sync_folder(file.parent_path());
}

}  // namespace p2p::agreed
