#include "agreed/agreed_keys.h"

#include "agreed/refused_writes.h"
#include "serving/refusals.h"
#include "serving/wire_version.h"

#include <algorithm>
#include <string>

namespace p2p::diststore::agreed {

using replication::Answer;
using replication::Epoch;
using replication::KeyWrite;
using replication::Verdict;

namespace {

constexpr std::string_view kUnknown =
    "the change may have been made: this node stopped being the key's primary before all copies in sync had confirmed";

KeyWrite write_of(const KeyChange& change) {
  if (change.is_erase()) return KeyWrite::erase(std::string(change.key), change.condition);
  KeyWrite write = KeyWrite::put(std::string(change.key), std::string(change.value), change.condition);
  write.ttl_ms = change.ttl_ms;
  return write;
}

wire::StoreError forgotten(std::uint64_t highest) {
  auto error =
      store_error(wire::StoreErrorKind::operation_forgotten,
                  "the owner does not know any more whether it has done the operation; this attempt did nothing");
  error.__set_operations_highest(static_cast<std::int64_t>(highest));
  return error;
}

wire::StoreError condition_failed(replication::WriteVersion there) {
  const bool is_absent = there == replication::kNoVersion;
  auto error = store_error(wire::StoreErrorKind::condition_failed,
                           is_absent ? "there is no such key" : "the key has another version");
  if (!is_absent) error.__set_version(to_wire(stored(there)));
  return error;
}

}  // namespace

// --- reads -----------------------------------------------------------------------------------------------------------

bool AgreedKeys::has_lease() const { return replicas_->lease_held_until() > retries_->now(); }

// (W5): the value has been read; then comes what is under way, then term and lease.
AgreedKeys::Read AgreedKeys::judge(KeyPlace place, Epoch term, Read read) const {
  const replication::ReadGate& gate = replicas_->gate();
  if (gate.is_under_way(place.hash)) return Read::up_to_copies;
  if (gate.serving_term(place.partition) != term || !has_lease()) return Read::not_served;
  return read;
}

std::int64_t AgreedKeys::ttl_left_now(WallMs expires_at) const {
  return expires_at == kNoExpiry ? 0 : std::max<std::int64_t>(1, ttl_left(expires_at, replicas_->wall_now()));
}

// Judged while the engine shows the value, so that what is not to be answered is never written into a reply.
Result<AgreedKeys::Read> AgreedKeys::try_read(KeyPlace place, std::string_view key, Use use) const {
  const Epoch term = replicas_->gate().serving_term(place.partition);
  if (term == 0) return Read::not_served;
  Read read = Read::missing;
  const auto outcome =
      replicas_->engine().get(key, {}, [&](std::string_view value, Version version, WallMs expires_at) {
        const bool is_over = expires_at != kNoExpiry && has_expired(expires_at, replicas_->wall_now());
        read = is_over ? Read::up_to_copies : judge(place, term, Read::found);
        if (read == Read::found) use(value, version, ttl_left_now(expires_at));
      });
  if (!outcome.ok()) return outcome.error();
  if (outcome.value() != Outcome::done) read = judge(place, term, Read::missing);
  return read;
}

// What is up to the copies is counted when they have answered.
void AgreedKeys::count_read(Read read) const noexcept {
  if (read == Read::not_served) return counts_.unread->add();
  if (read != Read::up_to_copies) counts_.note_read(read == Read::found);
}

void AgreedKeys::count_read(const Answer& answer) const noexcept {
  const bool is_answered = answer.verdict == Verdict::done || answer.verdict == Verdict::missing;
  is_answered ? counts_.note_read(answer.verdict == Verdict::done) : counts_.unread->add();
}

void AgreedKeys::count_change(const Answer& answer, std::size_t keys) const noexcept {
  const auto of = [&]() -> const KeyCounts::One& {
    switch (answer.verdict) {
      case Verdict::done:
        return counts_.changed;
      case Verdict::missing:
      case Verdict::condition_failed:
        return counts_.unchanged;
      case Verdict::overloaded:
      case Verdict::full:
      case Verdict::forgotten:
        return counts_.refused;
      case Verdict::unknown:
        return counts_.unknown;
      case Verdict::refused:
        break;
    }
    return counts_.unserved;
  };
  of()->add(static_cast<std::int64_t>(keys));
}

void AgreedKeys::read(std::string_view key, const KeyRoute& route, Call call, const KeyMethod& method) {
  const KeyPlace place = KeyPlace::of(key);
  const auto read = try_read(place, key, [&](std::string_view value, Version version, std::int64_t ttl_left_ms) {
    method.write_answer(
        call, {.found = true, .value = value, .version = version, .view = route.view, .ttl_left_ms = ttl_left_ms});
  });
  if (!read.ok()) return give_up_here(*forwarder_, read.error(), std::move(call), method);
  switch (read.value()) {
    case Read::missing:
      counts_.missing->add();
      method.write_answer(call, {.view = route.view});
      return send(std::move(call));
    case Read::found:
      counts_.found->add();
      return send(std::move(call));
    case Read::not_served:
      counts_.unread->add();
      return forwarder_->wait(std::move(call), method, std::string(why_not_served(place.partition)));
    case Read::up_to_copies:
      break;
  }
  call.keep();
  auto waiting = std::make_shared<Waiting>(Waiting{std::move(call), method, route.view, place.partition});
  replicas_->read(place.partition, std::string(key), place.hash,
                  [keys = shared_from_this(), waiting = std::move(waiting)](const Answer& answer) {
                    keys->end_read(std::move(*waiting), answer);
                  });
}

void AgreedKeys::end_read(Waiting waiting, const Answer& answer) {
  count_read(answer);
  switch (answer.verdict) {
    case Verdict::done:
      return answer_with(std::move(waiting.call), waiting.method,
                         {.found = true,
                          .value = answer.write->value,
                          .version = stored(answer.version),
                          .view = waiting.view,
                          .ttl_left_ms = ttl_left_now(answer.write->expires_at)});
    case Verdict::missing:
      return answer_with(std::move(waiting.call), waiting.method, {.view = waiting.view});
    case Verdict::overloaded:
      return refuse_as_overloaded(std::move(waiting));
    case Verdict::refused:
    case Verdict::full:
    case Verdict::condition_failed:  // these four are no verdicts on a read, which may be repeated in any case
    case Verdict::forgotten:
    case Verdict::unknown:
      return forwarder_->wait(std::move(waiting.call), waiting.method, std::string(why_not_served(waiting.partition)));
  }
}

Result<KeysHere::Now> AgreedKeys::read_now(std::string_view key, const KeyRoute&, Use use) const {
  const auto read = try_read(KeyPlace::of(key), key, use);
  if (!read.ok()) return read.error();
  if (read.value() != Read::not_served) count_read(read.value());  // or it comes again, by another way
  switch (read.value()) {
    case Read::found:
      return Now::found;
    case Read::missing:
      return Now::missing;
    case Read::up_to_copies:
    case Read::not_served:
      break;
  }
  return Now::later;
}

// --- reads of other copies (docs/decisions/0040) ---------------------------------------------------------------------

// How old what is read now may be at most; 0: too old.
std::int64_t AgreedKeys::stale_ms_now(const NewestMap& newest) const {
  const TimePoint now = retries_->now();
  if (newest.at == TimePoint::min() || now - newest.at > kStaleMax) return 0;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(now - newest.at);
  return std::max<std::int64_t>(1, whole.count());
}

// What is known of the newest map is asked for before the value is read, and looked at after it: all that was
// acknowledged until that moment is on the copies in sync by that map. Whether this node's is one of them, by that map
// or by a later one, is looked at last.
KeysHere::CopyRead AgreedKeys::read_copy(std::string_view key, UseOfCopy use) const {
  const replication::CopyGate& copies = replicas_->copies();
  const Partition partition = KeyPlace::of(key).partition;
  const NewestMap newest = replicas_->newest_map();
  const auto reading = copies.begin(partition);
  if (reading == 0) return {};
  CopyRead read;
  const auto judge = [&](bool is_committed, Now found) {
    const bool is_good = is_committed && copies.epoch() >= newest.epoch && copies.goes_on(partition, reading);
    read.stale_ms_max = is_good ? stale_ms_now(newest) : 0;
    if (read.stale_ms_max > 0) read.now = found;
  };
  const auto outcome =
      replicas_->engine().get(key, {}, [&](std::string_view value, Version version, WallMs expires_at) {
        const bool is_over = expires_at != kNoExpiry && has_expired(expires_at, replicas_->wall_now());
        judge(!is_over && copies.is_committed(partition, replication::version_of(version)), Now::found);
        if (read.now == Now::found) use(value, version, ttl_left_now(expires_at), read.stale_ms_max);
      });
  if (!outcome.ok()) return {};  // the owner may still have it
  if (outcome.value() != Outcome::done) judge(copies.is_all_committed(partition), Now::missing);
  if (read.now != Now::later) counts_.note_read(read.now == Now::found);
  return read;
}

std::string_view AgreedKeys::refusal_of_ttl() const noexcept {
  if (replicas_->feature_level() >= kTtlLevel) return {};
  return "a time to live is used once all members of the cluster know it (feature level 2): upgrade those that do not";
}

// --- changes ---------------------------------------------------------------------------------------------------------

void AgreedKeys::change(const KeyChange& change, const KeyRoute& route, Call call, const KeyMethod& method) {
  KeyWrite write = write_of(change);
  const Partition partition = KeyPlace::at(write.hash).partition;
  if (replicas_->gate().serving_term(partition) == 0)
    return forwarder_->wait(std::move(call), method, std::string(why_not_served(partition)));
  // Whoever names an operation has been told that all copies remember it.
  if (change.operation.is_set() && replicas_->feature_level() < kOperationsLevel)
    return forwarder_->wait(std::move(call), method, "this node does not know yet that all members know operations");
  call.keep();  // it may have to be routed anew
  auto waiting = std::make_shared<Waiting>(Waiting{std::move(call), method, route.view, partition});
  auto batch = batch_of(std::move(write));
  batch->operation = change.operation;
  batch->is_again = change.is_again;
  replicas_->write(partition, std::move(batch),
                   [keys = shared_from_this(), waiting = std::move(waiting)](const Answer& answer) {
                     keys->end_change(std::move(*waiting), answer);
                   });
}

void AgreedKeys::end_change(Waiting waiting, const Answer& answer) {
  count_change(answer, 1);
  switch (answer.verdict) {
    case Verdict::done:
    case Verdict::missing:
      return answer_with(
          std::move(waiting.call), waiting.method,
          {.found = answer.verdict == Verdict::done, .version = stored(answer.version), .view = waiting.view});
    case Verdict::condition_failed:
      return waiting.method.raise(std::move(waiting.call), condition_failed(answer.version));
    case Verdict::forgotten:
      return waiting.method.raise(std::move(waiting.call), forgotten(answer.operations_highest));
    case Verdict::overloaded:
      return refuse_as_overloaded(std::move(waiting));
    case Verdict::full:
      return refuse_as_full(std::move(waiting), answer.why);
    case Verdict::refused:
      return forwarder_->wait(std::move(waiting.call), waiting.method, why_not_written(answer, waiting.partition));
    case Verdict::unknown:
      waiting.call.note_unknown_outcome();
      return forwarder_->give_up(std::move(waiting.call), waiting.method, std::string(kUnknown));
  }
}

// --- what is not done ------------------------------------------------------------------------------------------------

// Whoever asked pauses, and asks again: that is what the prefix means.
void AgreedKeys::refuse_as_overloaded(Waiting waiting) {
  constexpr std::string_view kWhy = "too many calls wait for the copies of the key's partition";
  forwarder_->log_failure(waiting.call.info(), std::string(kWhy));
  waiting.call.fail(CallFault::internal_error, std::string(kOverloadedPrefix).append(kWhy));
}

// At once, and also to a node that has forwarded the call: to try again soon would change nothing. Nothing of this
// attempt can have been done before, since nodes repeat no write whose outcome is unknown.
void AgreedKeys::refuse_as_full(Waiting waiting, const std::string& why) {
  forwarder_->log_failure(waiting.call.info(), why);
  if (waiting.method.raise == nullptr) return;  // its end ends a oneway call
  waiting.method.raise(std::move(waiting.call), store_error(wire::StoreErrorKind::not_executed, why));
}

std::string_view AgreedKeys::why_not_served(Partition partition) const {
  if (!has_lease()) return "this node's lease has ended, so another one may own the key by now";
  if (replicas_->gate().serving_term(partition) == 0)
    return "this node does not serve the key's partition at the moment";
  return "the key's partition has just changed its primary, or its copies";
}

// Of what else the cores refuse for, they do not say which it was (W1).
std::string AgreedKeys::why_not_written(const Answer& refused, Partition partition) const {
  if (auto why = too_few_copies(refused)) return *std::move(why);
  if (!has_lease() || replicas_->gate().serving_term(partition) == 0) return std::string(why_not_served(partition));
  return "the key's partition is changing its primary";
}

}  // namespace p2p::diststore::agreed
