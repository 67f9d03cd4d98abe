// What do other nodes' stores ask of ours? Their parts of batches here, the hand-over of keys in
// moving/peer_transfer.cc. Nothing is passed on: views may differ, and two nodes must not send a key back and forth.
#include "serving/batch_verbs.h"
#include "serving/puller.h"
#include "serving/store.h"

namespace p2p::diststore {
namespace {

// The answers to those keys that this node owns; the others, and what no longer fits, are named as undone. The sender
// has held its client to the limits already: a part beyond ours is wrong, or made under other ones.
template <class Verb>
void answer_part(const std::shared_ptr<Store>& store, typename Verb::PeerArgs& args,
                 Answer<typename Verb::PeerPresult> answer) {
  auto& inputs = Verb::input(args);
  if (const auto refusal = refusal_of_batch<Verb>(*store->local, inputs)) {
    return answer.fail(CallFault::protocol_error, std::string(kNotExecutedPrefix) + refusal->message);
  }
  const Standing& standing = store->standing->read();
  typename Verb::Part part;
  part.results.resize(inputs.size());
  std::vector<std::string> unsettled;
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    const bool is_ours =
        bytes < store->options.part_reply_bytes_max && standing.owner_of(Verb::key(inputs[index])).is_self;
    Outcome outcome =
        is_ours ? do_by_right<Verb>(*store->local, standing, inputs[index], part.results[index]) : Outcome::fenced;
    if (outcome == Outcome::done || outcome == Outcome::missing) {
      const std::size_t value_bytes = Verb::reply_bytes(part.results[index]);
      const std::size_t more = value_bytes + kResultBytesMax;
      const bool has_room = bytes == 0 || value_bytes == 0 || bytes + more <= store->options.whole_reply_bytes_max;
      if (has_room) {
        part.results[index].__set_view(fingerprint_of(*standing.ring));
        bytes += more;
        continue;
      }
      part.results[index] = {};
      outcome = Outcome::fenced;
    }
    if (outcome == Outcome::unsettled) unsettled.push_back(Verb::key(inputs[index]));
    part.undone.push_back(static_cast<std::int32_t>(index));
  }
  answer(part);
  // They will be asked for again: until then they have come from their former owners.
  if (unsettled.empty()) return;
  settle(store, std::move(unsettled), store->retries->now() + store->options.forward_timeout + kAnswerMargin,
         [](bool) {});
}

template <class Verb>
void add_part(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.on<typename Verb::PeerArgs, typename Verb::PeerPresult>(
      Verb::kPeerName, [store](auto& args, auto answer) { answer_part<Verb>(store, args, std::move(answer)); });
}

}  // namespace

void add_part_methods(Methods& methods, const std::shared_ptr<Store>& store) {
  add_part<ReadMany>(methods, store);
  add_part<WriteMany>(methods, store);
  add_part<EraseMany>(methods, store);
}

}  // namespace p2p::diststore
