#include "systemd/notification.h"

namespace p2p::host {
namespace {

// A message consists of lines; those of a multi-line text would be taken for fields.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=";
  for (const char letter : status) line += letter == '\n' || letter == '\r' ? ' ' : letter;
  return line;
}

std::string extension_line(Duration at_most) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(at_most);
  return "EXTEND_TIMEOUT_USEC=" + std::to_string(microseconds.count());
}

}  // namespace

std::string starting_notification(std::string_view status, Duration at_most) {
  return status_line(status) + '\n' + extension_line(at_most);
}

std::string stopping_notification(std::string_view status, Duration at_most) {
  return "STOPPING=1\n" + status_line(status) + '\n' + extension_line(at_most);
}

std::string ready_notification(std::string_view status) { return "READY=1\n" + status_line(status); }

std::string status_notification(std::string_view status) { return status_line(status); }

std::string alive_notification() { return "WATCHDOG=1"; }

std::string reloading_notification(std::chrono::microseconds now) {
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
}

}  // namespace p2p::host
