// The disk of this machine.
#pragma once

#include "agreed/disk/file_system.h"

#include <memory>

namespace p2p::agreed {

std::shared_ptr<FileSystem> posix_file_system();

}  // namespace p2p::agreed
