#include "preflight/start_checks.h"

#include "config/advertise.h"
#include "preflight/data_folder.h"
#include "preflight/this_machine.h"
#include "text/address_kind.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

using Faults = std::vector<StartFault>;

// The highest port that the node may get: it is part of its folder's name.
std::uint16_t last_port(const HostConfig& config) {
  if (config.listen.port == 0) return 65535;
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(65535, config.listen.port + config.port_search));
}

// Briefly binds the address with a free port; "": it is one of this machine's.
std::string why_no_address(const std::string& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(address.c_str(), "0", &hints, &found); failure != 0)
    return ::gai_strerror(failure);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  const int probe = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_bound = probe >= 0 && ::bind(probe, found->ai_addr, found->ai_addrlen) == 0;
  const std::string why = is_bound ? "" : std::strerror(errno);
  if (probe >= 0) ::close(probe);
  return why;
}

void check_listen(const HostConfig& config, Faults& faults) {
  if (const std::string why = why_no_address(config.listen.host); !why.empty()) {
    faults.push_back(
        {{"host", "listen"}, ProblemKind::machine, "cannot listen on " + config.listen.name() + ": " + why});
    return;
  }
  const bool needs_own_addresses = !config.advertise && is_every_address(config.listen.host);
  const auto decided =
      decide_advertised(config.listen, config.advertise,
                        needs_own_addresses ? resolved_addresses() : std::vector<std::string>{}, config.listen.port);
  if (!decided.ok()) faults.push_back({{"host", "listen"}, ProblemKind::machine, decided.error().text});
}

void check_data_folder(const HostConfig& config, Faults& faults) {
  const fs::path folder = config.data_dir.empty() ? default_data_dir(last_port(config)) : fs::path(config.data_dir);
  if (const auto usable = DataFolder::check(folder); !usable.ok()) {
    faults.push_back({{"host", "data_dir"}, ProblemKind::machine, usable.error().text});
    return;
  }
  const fs::path socket = fs::absolute(folder) / config.admin;
  const auto place = check_socket_place(socket, fs::absolute(folder));
  if (!place.ok()) faults.push_back({{"host", "admin"}, ProblemKind::machine, place.error().text});
}

std::string why_no_log_file(const fs::path& file) {
  std::error_code failure;
  if (fs::exists(file, failure)) {
    if (!fs::is_regular_file(file, failure)) return "it is no regular file";
    return ::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) == 0 ? "" : std::strerror(errno);
  }
  const fs::path folder = fs::absolute(file).parent_path();
  if (!fs::is_directory(folder, failure)) return folder.native() + " is no folder";
  return ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0 ? "" : std::strerror(errno);
}

void check_log_file(const HostConfig& config, Faults& faults) {
  if (config.log_file.empty()) return;
  if (const std::string why = why_no_log_file(config.log_file); !why.empty()) {
    faults.push_back(
        {{"log", "file"}, ProblemKind::configuration, "cannot open the log file " + config.log_file + ": " + why});
  }
}

}  // namespace

std::vector<StartFault> find_start_faults(const HostConfig& config) {
  Faults faults;
  check_listen(config, faults);
  check_data_folder(config, faults);
  check_log_file(config, faults);
  return faults;
}

}  // namespace p2p::host
