// What do other nodes' stores ask of ours? Their parts of batches here, what moves keys belongs to
// the routing. Nothing is forwarded: views may differ, and two nodes must not send a key back and forth.
#include "serving/batch_verbs.h"
#include "serving/store.h"

namespace p2p::diststore {
namespace {

// This node's own engine failed for a key of the part. `was_any_done`: whether an earlier key was done.
template <class Presult>
void fail_part(const Store& store, const Error& error, bool was_any_done, Answer<Presult> answer) {
  const std::string why = text_of_engine_failure(error);
  log_engine_failure(*store.forwarder, "a part of a batch", error);
  const bool has_run = was_any_done || may_have_run(error.kind);
  answer.fail(CallFault::internal_error, has_run ? why : std::string(kNotExecutedPrefix) + why);
}

// The answers for the keys that this node owns; the others, and what no longer fits, are named as undone. The sender
// has already enforced its limits on the client: a part beyond ours is wrong, or made under other limits.
template <class Verb>
void answer_part(const std::shared_ptr<Store>& store, typename Verb::PeerArgs& args,
                 Answer<typename Verb::PeerPresult> answer) {
  auto& inputs = Verb::input(args);
  if (const auto refusal = refusal_of_batch<Verb>(*store->local, inputs)) {
    return answer.fail(CallFault::protocol_error, std::string(kNotExecutedPrefix) + refusal->message);
  }
  typename Verb::Part part;
  part.results.resize(inputs.size());
  std::vector<std::string> unconfirmed;
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    KeyRoute route;
    if (bytes < store->options.part_reply_bytes_max) route = store->routing->route(Verb::key(inputs[index]));
    const auto done = route.where == KeyRoute::Where::here
                          ? Verb::do_here(*store->local, inputs[index], route.proof, part.results[index])
                          : Result<Outcome>(Outcome::fenced);
    if (!done.ok()) return fail_part(*store, done.error(), index > part.undone.size(), std::move(answer));
    Outcome outcome = done.value();
    if (outcome == Outcome::done || outcome == Outcome::missing) {
      const std::size_t value_bytes = Verb::reply_bytes(part.results[index]);
      const std::size_t more = value_bytes + kResultBytesMax;
      const bool has_room = bytes == 0 || value_bytes == 0 || bytes + more <= store->options.whole_reply_bytes_max;
      if (has_room) {
        part.results[index].__set_view(route.view);
        bytes += more;
        continue;
      }
      part.results[index] = {};
      outcome = Outcome::fenced;
    }
    if (outcome == Outcome::unconfirmed) unconfirmed.push_back(Verb::key(inputs[index]));
    part.undone.push_back(static_cast<std::int32_t>(index));
  }
  answer(part);
  // They will be requested again: fetch them from their former owners until then.
  if (unconfirmed.empty()) return;
  store->routing->fetch(std::move(unconfirmed), store->retries->now() + store->options.forward_timeout + kAnswerMargin,
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
