// How many keys were read and changed at this node, and with what outcome? Shared by copies; of a store that shows
// nothing, counters of their own.
#pragma once

#include <p2p/metrics.h>

#include <cstddef>
#include <memory>

namespace p2p::diststore {

struct KeyCounts {
  using One = std::shared_ptr<Counter>;

  // `unread`, `unserved`: not answered here and now; the call waits, or is tried again.
  One found = std::make_shared<Counter>();
  One missing = std::make_shared<Counter>();
  One unread = std::make_shared<Counter>();
  One changed = std::make_shared<Counter>();
  One unchanged = std::make_shared<Counter>();  // a condition did not hold, or there was nothing to erase
  One refused = std::make_shared<Counter>();    // for want of memory or room in a queue
  One unserved = std::make_shared<Counter>();
  One unknown = std::make_shared<Counter>();  // it may have been done

  void note_read(bool is_found) const noexcept { (is_found ? found : missing)->add(); }
  void note_change(bool is_done) const noexcept { (is_done ? changed : unchanged)->add(); }

  static KeyCounts shown_in(Metrics& metrics) {
    const auto read = [&](const char* outcome) {
      return metrics.counter({"reads_total", "Keys read at this node.", {{"outcome", outcome}}});
    };
    const auto write = [&](const char* outcome) {
      return metrics.counter({"writes_total", "Keys written or erased at this node.", {{"outcome", outcome}}});
    };
    return {.found = read("found"),
            .missing = read("missing"),
            .unread = read("unserved"),
            .changed = write("done"),
            .unchanged = write("unchanged"),
            .refused = write("refused"),
            .unserved = write("unserved"),
            .unknown = write("unknown")};
  }
};

}  // namespace p2p::diststore
