#include "peers/outgoing_calls.h"

#include <utility>

namespace p2p::host {

std::vector<std::int32_t> OutgoingCalls::clear() {
  std::vector<std::int32_t> all;
  for (Queue& queue : queues_) {
    for (std::size_t at = queue.taken_calls; at < queue.calls.size(); ++at) all.push_back(queue.calls[at].sequence);
    queue = {};
  }
  return all;
}

// What is left moves to the front only when it is the smaller part, so that each byte is moved once or so.
void OutgoingCalls::forget_taken(Queue& queue) {
  if (queue.empty()) {
    queue.calls.clear();
    queue.messages.clear();
    queue.taken_calls = queue.taken_bytes = 0;
    if (queue.messages.capacity() > kDataBatchBytesMax) queue.messages.shrink_to_fit();
  } else if (queue.taken_bytes > queue.messages.size() / 2) {
    queue.messages.erase(0, std::exchange(queue.taken_bytes, 0));
    queue.calls.erase(queue.calls.begin(),
                      queue.calls.begin() + static_cast<std::ptrdiff_t>(std::exchange(queue.taken_calls, 0)));
  }
}

}  // namespace p2p::host
