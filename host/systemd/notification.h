// What does a node tell the service manager that started it? The text of each message of sd_notify(3). Pure.
#pragma once

#include <p2p/units.h>

#include <chrono>
#include <string>
#include <string_view>

namespace p2p::host {

// `at_most`: how long the step may take; the manager then waits at least that long, whatever its own timeouts.
std::string starting_notification(std::string_view status, Duration at_most);
std::string stopping_notification(std::string_view status, Duration at_most);

std::string ready_notification(std::string_view status);   // after the start, and again at the end of a reload
std::string status_notification(std::string_view status);  // for `systemctl status`
std::string alive_notification();                          // for the watchdog

// One message with both fields: a manager that gets them separately takes the reload for a failure. `now`: of the
// monotonic clock.
std::string reloading_notification(std::chrono::microseconds now);

}  // namespace p2p::host
