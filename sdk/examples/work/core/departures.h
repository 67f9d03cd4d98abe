// What is here that another node owns now, and who has to get it? Given away in batches, and forgotten only when the
// receiver has confirmed them. Pure.
#pragma once

#include "core/jobs.h"

#include <p2p/locator.h>

#include <set>
#include <string>
#include <utility>

namespace work {

class Departures final {
 public:
  // Batches are numbered from `first_number`, so that no number of this node's former life is met again. `jobs`
  // outlives this. `service`: the name by which the ring knows who runs it.
  Departures(Jobs& jobs, std::string service, std::int64_t first_number)
      : jobs_(jobs), service_(std::move(service)), last_number_(first_number) {}

  // Looks at every key by the new ring. Batches that are not confirmed yet count as not given: their receiver may have
  // given them on, or back to us, since.
  void ring_changed(const p2p::RingView& ring);

  // Forgets what `taken`, the number of the last batch, confirms, and gives the next.
  struct Part {
    std::int64_t number = 0;  // 0: nothing is given
    Batch batch;
    std::vector<std::string> busy;  // once nothing else is left: keys with jobs that still run here
  };
  Part give(const p2p::NodeAddress& to, std::int64_t taken, std::size_t bytes_max);

  bool is_over() const { return departures_.empty(); }
  std::vector<p2p::NodeAddress> receivers() const;  // who has something to get
  std::size_t jobs_moved() const { return jobs_moved_; }

 private:
  struct Departure {
    std::set<std::string> keys;  // of the receiver, that are or were here
    Part last;
  };

  Jobs& jobs_;
  const std::string service_;
  std::int64_t last_number_;
  std::size_t jobs_moved_ = 0;
  std::map<p2p::NodeAddress, Departure> departures_;
};

}  // namespace work
