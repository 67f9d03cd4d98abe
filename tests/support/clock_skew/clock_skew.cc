// What does a real program do whose clock is wrong? Preloaded (LD_PRELOAD), this library adds P2P_CLOCK_SKEW seconds,
// which may be negative, to the time of day. Clocks that count from the start of the machine stay as they are.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const long skew = [] {
    const char* const seconds = std::getenv("P2P_CLOCK_SKEW");
    return seconds == nullptr ? 0L : std::atol(seconds);
  }();
  const auto outcome = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += skew;
  return outcome;
}
