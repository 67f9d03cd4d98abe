// How long do leases last (cluster.md 3)?
#pragma once

#include <p2p/units.h>

#include <chrono>

namespace p2p::cluster {

struct LeaseRules {
  Duration length = std::chrono::milliseconds(1500);  // L
  // How far the rates of any two nodes' clocks may differ: r. Quartz is within 0.01 %; what a clock that is being
  // corrected may do is 500 times less than this.
  double clock_ratio = 0.05;

  Duration held() const {
    return Duration(static_cast<Duration::rep>(static_cast<double>(length.count()) * (1 - clock_ratio)));
  }
  Duration feared() const {
    return Duration(static_cast<Duration::rep>(static_cast<double>(length.count()) * (1 + clock_ratio)));
  }
  Duration renewed_every() const { return length / 4; }
  Duration refused_for() const { return 2 * length; }  // L7
};

}  // namespace p2p::cluster
