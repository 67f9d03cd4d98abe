// What do other nodes' stores ask of ours? Their parts of batches here; what moves keys belongs to the mode. Nothing is
// forwarded: views may differ, and two nodes must not send a key back and forth.
#include "serving/batch_verbs.h"
#include "serving/local_part.h"
#include "serving/store.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace p2p::diststore {
namespace {

// One part, until it is answered: for the keys that this node serves; the others, and what does not fit the reply, are
// named as undone.
template <class Verb>
class PartAnswer final : public std::enable_shared_from_this<PartAnswer<Verb>> {
 public:
  PartAnswer(std::shared_ptr<Store> store, std::vector<typename Verb::Input> inputs, BatchOptions options,
             Answer<typename Verb::PeerPresult> answer)
      : store_(std::move(store)),
        inputs_(std::move(inputs)),
        answer_(std::move(answer)),
        // They will be requested again: those that are not here yet are fetched until then.
        part_(inputs_, {store_->options.part_reply_bytes_max, kResultBytesMax},
              store_->retries->now() + store_->options.forward_timeout + kAnswerMargin, Waits::no) {
    part_.options = options;
  }

  void start() {
    for (KeyIndex index = 0; index < inputs_.size(); ++index) {
      const KeyRoute route = store_->routing->route(Verb::key(inputs_[index]));
      if (route.where == KeyRoute::Where::here) part_.keys.push_back({index, route.proof, route.view});
    }
    store_->keys->serve(part_, [job = this->shared_from_this()] { job->reply(); });
  }

 private:
  using Result = typename Verb::Result;

  void reply() {
    typename Verb::Part part;
    if (part_.failure && !refuse_undone(part)) return fail();
    part.results.resize(inputs_.size());
    std::size_t at = 0;
    std::size_t bytes = 0;
    for (KeyIndex index = 0; index < inputs_.size(); ++index) {
      const bool is_here = at < part_.keys.size() && part_.keys[at].index == index;
      std::optional<Result>* result = is_here ? &part_.results[at++] : nullptr;
      if (result == nullptr || !*result || !has_room(**result, bytes)) {
        part.undone.push_back(static_cast<std::int32_t>(index));
      } else {
        part.results[index] = std::move(**result);
      }
    }
    if (!part.undone.empty() && !part_.why.empty()) part.__set_why(part_.why);
    answer_(part);
  }

  // The others are answered all the same. False: it was no refusal, or none that this verb can tell.
  bool refuse_undone(typename Verb::Part& part) const {
    if constexpr (Verb::kStores) {
      if (part_.failure->kind == ErrorKind::overloaded) part.__set_refused(part_.failure->text);
      return part.__isset.refused;
    }
    return false;
  }

  // Counts it, if so.
  bool has_room(const Result& result, std::size_t& bytes) const {
    const std::size_t value_bytes = Verb::reply_bytes(result);
    const std::size_t more = value_bytes + kResultBytesMax;
    if (bytes > 0 && value_bytes > 0 && bytes + more > store_->options.whole_reply_bytes_max) return false;
    bytes += more;
    return true;
  }

  void fail() {
    CallInfo work;
    work.method = "a part of a batch";
    store_->forwarder->log_failure(work, part_.failure->text);
    const bool has_done_some =
        std::any_of(part_.results.begin(), part_.results.end(), [](const auto& result) { return result.has_value(); });
    const bool has_run = has_done_some || may_have_run(part_.failure->kind);
    answer_.fail(CallFault::internal_error, (has_run ? "" : std::string(kNotExecutedPrefix)) + part_.failure->text);
  }

  const std::shared_ptr<Store> store_;
  std::vector<typename Verb::Input> inputs_;
  Answer<typename Verb::PeerPresult> answer_;
  LocalPart<Verb> part_;
};

// The sender has already enforced its limits on the client: a part beyond ours is wrong, or made under other limits.
template <class Verb>
void answer_part(const std::shared_ptr<Store>& store, typename Verb::PeerArgs& args,
                 Answer<typename Verb::PeerPresult> answer) {
  auto& inputs = Verb::input(args);
  if (const auto refusal = refusal_of_batch<Verb>(store->options, inputs)) {
    return answer.fail(CallFault::protocol_error, std::string(kNotExecutedPrefix) + refusal->message);
  }
  const auto options = options_of(args.options);
  if (!options) return answer.fail(CallFault::protocol_error, std::string(kNotExecutedPrefix) + kBadTtl);
  if (const auto why = why_no_ttl<Verb>(*store->keys, *options); !why.empty())
    return answer.fail(CallFault::internal_error, std::string(kNotExecutedPrefix) + std::string(why));
  std::make_shared<PartAnswer<Verb>>(store, std::move(inputs), *options, std::move(answer))->start();
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
