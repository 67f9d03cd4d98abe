// How is one batch call answered by many nodes? In rounds: the keys are split by owner, the local part is done here
// (keys_here.h), the other parts are sent to their owners; what is left undone is split again after a pause, until the
// deadline.
#pragma once

#include "serving/batch_split.h"
#include "serving/batch_verbs.h"
#include "serving/peer_errors.h"
#include "serving/store.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace p2p::diststore {

// True: a copy here has answered. False: the key's owner is to be asked, which may be this node.
bool read_copy(const Store& store, const std::string& key, wire::ReadResult& result);

template <class Verb>
class BatchJob final : public std::enable_shared_from_this<BatchJob<Verb>> {
 public:
  // Answers a whole batch, now or later; moves its input out of `args`. `done`: the results of the first items, if
  // these have been done already. [rpc]
  static void start(std::shared_ptr<Store> store, typename Verb::Args& args, Answer<typename Verb::Presult> answer,
                    const std::vector<typename Verb::Result>& done) {
    Inputs& inputs = Verb::input(args);
    const auto options = options_of(args.options);
    if (!options) return answer.fail(CallFault::protocol_error, kBadTtl);
    auto refusal = refusal_of_conditions(args.options);
    // Before anything is sent: a node of an earlier version would ignore it.
    if (const auto why = why_no_ttl<Verb>(*store->keys, *options); !refusal && !why.empty())
      refusal = store_error(wire::StoreErrorKind::unsupported, std::string(why));
    if (!refusal) refusal = refusal_of_batch<Verb>(store->options, inputs);
    if (refusal) {
      raise(answer, *refusal);
      return;
    }
    std::make_shared<BatchJob>(std::move(store), std::move(inputs), *options, std::move(answer))->first_round(done);
  }

  BatchJob(std::shared_ptr<Store> store, std::vector<typename Verb::Input> inputs, BatchOptions options,
           Answer<typename Verb::Presult> answer)
      : store_(std::move(store)),
        inputs_(std::move(inputs)),
        options_(options),
        answer_(std::move(answer)),
        deadline_(answer_.deadline()),
        results_(inputs_.size()) {}

 private:
  using Inputs = std::vector<typename Verb::Input>;

  void first_round(const std::vector<typename Verb::Result>& done) {
    std::copy(done.begin(), done.end(), results_.begin());
    may_have_run_ = !done.empty();
    std::vector<KeyIndex> others(results_.size() - done.size());
    std::iota(others.begin(), others.end(), static_cast<KeyIndex>(done.size()));
    round(others);
  }

  // Answers what copies here can answer; the rest is for the owners (ReadOptions.any_copy).
  std::vector<KeyIndex> read_copies(const std::vector<KeyIndex>& indexes) {
    std::vector<KeyIndex> left;
    for (const KeyIndex index : indexes) {
      if (const std::lock_guard hold(mutex_); is_too_large()) break;  // it is refused
      wire::ReadResult result;
      const TimePoint read_at = store_->retries->now();
      if (!read_copy(*store_, Verb::key(inputs_[index]), result)) {
        left.push_back(index);
        continue;
      }
      const std::lock_guard hold(mutex_);
      copies_read_at_ = std::min(copies_read_at_, read_at);
      keep(index, std::move(result));
    }
    return left;
  }

  void round(const std::vector<KeyIndex>& asked) {
    std::vector<KeyIndex> left;
    if constexpr (std::is_same_v<Verb, ReadMany>)
      if (options_.any_copy) left = read_copies(asked);
    const std::vector<KeyIndex>& indexes = options_.any_copy ? left : asked;
    BatchSplit split =
        split_by_route(indexes, [&](KeyIndex index) { return store_->routing->route(Verb::key(inputs_[index])); });
    std::vector<std::string> messages;
    for (const RemotePart& part : split.remote)
      messages.push_back(part.foreign != nullptr ? std::string() : encode(part));
    {
      const std::lock_guard hold(mutex_);
      open_parts_ = split.remote.size() + 1;
      undone_ = std::move(split.waiting);
      if (!undone_.empty()) why_ = split.why;
    }
    for (std::size_t at = 0; at < messages.size(); ++at) {
      if (split.remote[at].foreign != nullptr) {
        ask_foreign(std::make_shared<const RemotePart>(std::move(split.remote[at])), 0);
      } else {
        ask(std::move(split.remote[at]), std::move(messages[at]));
      }
    }
    answer_here(std::move(split.local));
  }

  std::string encode(const RemotePart& part) const {
    typename Verb::PeerArgs asked;
    for (const KeyIndex index : part.indexes) Verb::input(asked).push_back(inputs_[index]);
    set_options(asked.options, options_);
    return encode_call(Verb::kPeerName, asked);
  }

  // When a part with an unknown outcome may be sent again.
  Repeat repeat() const {
    return Verb::kRepeat == Repeat::if_closed && !store_->keys->repeats_writes() ? Repeat::never : Verb::kRepeat;
  }

  void ask(RemotePart part, std::string message) {
    const Duration timeout = store_->forwarder->time_for_peer(deadline_, repeat());
    if (timeout <= Duration::zero()) return part_failed(part, Error{ErrorKind::local, "the call's time is over"});
    store_->peers.call(
        part.owner, store_->peer_service, std::move(message), timeout,
        [job = this->shared_from_this(), part](Result<std::string> reply) { job->replied(part, reply); });
  }

  // A foreign store knows no batches.
  void ask_foreign(const std::shared_ptr<const RemotePart>& part, std::size_t at) {
    if (at == part->indexes.size()) return part_ended();
    const KeyIndex index = part->indexes[at];
    Verb::ask_foreign(*part->foreign, part->owner, inputs_[index], deadline_,
                      [job = this->shared_from_this(), part, at, index](Result<typename Verb::Result> asked) {
                        if (!asked.ok()) {
                          if (asked.error().kind == ErrorKind::refused) {
                            job->store_->forwarder->report_unreachable(part->owner);
                          }
                          RemotePart rest{
                              part->owner,
                              {part->indexes.begin() + static_cast<std::ptrdiff_t>(at), part->indexes.end()},
                              part->foreign};
                          return job->part_failed(rest, asked.error());
                        }
                        {
                          const std::lock_guard hold(job->mutex_);
                          job->keep(index, std::move(asked).value());
                        }
                        job->ask_foreign(part, at + 1);
                      });
  }

  void answer_here(std::vector<LocalKey> keys) {
    if (keys.empty()) return part_ended();
    const auto part = std::make_shared<LocalPart<Verb>>(inputs_, room_left(), deadline_, Waits::yes);
    part->keys = std::move(keys);
    part->options = options_;
    store_->keys->serve(*part, [job = this->shared_from_this(), part] {
      job->take_over_here(*part);
      job->part_ended();
    });
  }

  ReplyRoom room_left() {
    const std::lock_guard hold(mutex_);
    const std::size_t bytes_max = store_->options.batch_reply_bytes_max;
    return {bytes_max - std::min(bytes_max, reply_bytes_), kBatchEntryBytesMax};
  }

  // Keys not done here go into the next round, unless this node has failed.
  void take_over_here(LocalPart<Verb>& part) {
    const std::lock_guard hold(mutex_);
    for (std::size_t at = 0; at < part.keys.size(); ++at) {
      const KeyIndex index = part.keys[at].index;
      if (part.results[at]) {
        keep(index, *std::move(part.results[at]));
      } else {
        undone_.push_back(index);
        why_ = part.why;
      }
    }
    if (!part.failure) return;
    why_ = part.failure->text;
    may_have_run_ = may_have_run_ || (repeat() != Repeat::always && may_have_run(part.failure->kind));
    has_failed_ = true;
  }

  void replied(const RemotePart& part, const Result<std::string>& reply) {
    if (!reply.ok()) {
      if (reply.error().kind == ErrorKind::refused) store_->forwarder->report_unreachable(part.owner);
      return part_failed(part, reply.error());
    }
    auto decoded = decode_reply<typename Verb::PeerReply>(reply.value());
    if (!decoded.ok()) return part_failed(part, error_of_exception(decoded.error()));
    typename Verb::Part& answered = decoded.value().success;
    const auto outcome = match_reply(part, answered.results.size(), answered.undone);
    if (!outcome) return part_failed(part, Error{ErrorKind::protocol, "the reply does not fit what was asked"});
    take_over(part, *outcome, answered);
    part_ended();
  }

  void take_over(const RemotePart& part, const PartOutcome& outcome, typename Verb::Part& answered) {
    const std::lock_guard hold(mutex_);
    for (const auto& [index, position] : outcome.done) keep(index, std::move(answered.results[position]));
    undone_.insert(undone_.end(), outcome.undone.begin(), outcome.undone.end());
    if (outcome.undone.empty()) return;
    why_ = part.owner.name();
    why_ += answered.__isset.why ? ": " + answered.why
                                 : " does not own the key by its view, or has no room for it in this reply";
    if constexpr (Verb::kStores) {
      if (!answered.__isset.refused) return;
      why_ = answered.refused;
      has_failed_ = true;
    }
  }

  void part_failed(const RemotePart& part, const Error& error) {
    {
      const std::lock_guard hold(mutex_);
      undone_.insert(undone_.end(), part.indexes.begin(), part.indexes.end());
      why_ = part.owner.name() + ": " + error.text;
      const bool is_foreign = error.kind == ErrorKind::unsupported && store_->forwarder->note_foreign(part.owner);
      may_have_run_ = may_have_run_ || may_have_run(error.kind);
      has_failed_ = has_failed_ || !(is_foreign || is_worth_retrying(error.kind, repeat()));
    }
    part_ended();
  }

  void part_ended() {
    {
      const std::lock_guard hold(mutex_);
      if (--open_parts_ > 0) return;
    }
    // The last part of the round: nothing else touches this job now.
    if (is_too_large()) return refuse_as_too_large(answer_, store_->options);
    if (undone_.empty()) {
      if constexpr (std::is_same_v<Verb, ReadMany>) add_age_of_copies();
      return answer_(results_);
    }
    if (has_failed_ || !store_->forwarder->has_time_to_retry(deadline_) || !retry()) give_up();
  }

  // What copies here had is as much older by now as the owners of other keys have taken.
  void add_age_of_copies() {
    const auto waited = store_->retries->now() - copies_read_at_;
    for (typename Verb::Result& result : results_)
      if (result.__isset.stale_ms_max)
        result.stale_ms_max += std::chrono::ceil<std::chrono::milliseconds>(waited).count();
  }

  // With mutex_ held. Results that no longer fit the reply are dropped: a small batch must not fill the memory.
  bool is_too_large() const { return reply_bytes_ > store_->options.batch_reply_bytes_max && results_.size() > 1; }
  void keep(KeyIndex index, typename Verb::Result result) {
    may_have_run_ = true;
    reply_bytes_ += Verb::reply_bytes(result) + kBatchEntryBytesMax;
    if (!is_too_large()) results_[index] = std::move(result);
  }

  bool retry() {
    return store_->retries->add([job = this->shared_from_this()](RetryQueue::Turn turn) {
      if (turn == RetryQueue::Turn::go_on) return job->round(std::exchange(job->undone_, {}));
      job->why_ = "this node stops";
      job->give_up();
    });
  }

  void give_up() {
    Call call = answer_.release();
    store_->forwarder->log_failure(call.info(), why_);
    if (may_have_run_) call.note_unknown_outcome();
    raise_failure<typename Verb::Presult>(std::move(call), why_);
  }

  const std::shared_ptr<Store> store_;
  Inputs inputs_;  // what is done may have been moved from
  const BatchOptions options_;
  Answer<typename Verb::Presult> answer_;
  const TimePoint deadline_;

  std::mutex mutex_;  // of what follows, while a round is running
  std::vector<typename Verb::Result> results_;
  std::vector<KeyIndex> undone_;
  std::size_t reply_bytes_ = 0;
  std::size_t open_parts_ = 0;
  std::string why_;                              // the last reason why a key was not done
  TimePoint copies_read_at_ = TimePoint::max();  // the first of them that a copy here has answered
  bool has_failed_ = false;
  bool may_have_run_ = false;  // some key has been done, or may have been
};

}  // namespace p2p::diststore
