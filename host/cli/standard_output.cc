#include "cli/standard_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

namespace p2p::host {

void fill_closed_streams() noexcept {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // The least free number is the stream's own. Opened the wrong way round, so that using it is an error.
    if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

Result<Done> finish_output() {
  errno = 0;
  std::cout.flush();
  const bool is_flushed = std::fflush(stdout) == 0;
  const int why = errno;
  if (is_flushed && std::cout.good() && std::ferror(stdout) == 0) return Done{};
  // An earlier failure's reason is not known.
  const std::string reason = why != 0 ? std::string(": ") + std::strerror(why) : "";
  return Error{ErrorKind::local, "cannot write the output" + reason};
}

}  // namespace p2p::host
