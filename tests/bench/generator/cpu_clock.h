// How much CPU time have these processes taken? User and system time of all their threads, ended ones too, in
// nanoseconds.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <vector>

namespace p2p::bench {

class CpuClock final {
 public:
  explicit CpuClock(const std::vector<pid_t>& processes) : processes_(processes) {}

  void begin() { begun_ns_ = now_ns(); }
  void end() { ended_ns_ = now_ns(); }
  double seconds() const { return static_cast<double>(ended_ns_ - begun_ns_) / 1e9; }

 private:
  // A process that is gone counts nothing.
  std::int64_t now_ns() const {
    std::int64_t sum = 0;
    for (const pid_t process : processes_) {
      clockid_t clock{};
      timespec time{};
      if (::clock_getcpuclockid(process, &clock) == 0 && ::clock_gettime(clock, &time) == 0) {
        sum += std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
      }
    }
    return sum;
  }

  const std::vector<pid_t> processes_;
  std::int64_t begun_ns_ = 0;
  std::int64_t ended_ns_ = 0;
};

}  // namespace p2p::bench
