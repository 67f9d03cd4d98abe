// The keys of a batch that this node serves: reads one by one, changes as one write for each partition (W1).
#include "agreed/agreed_keys.h"
#include "serving/wire_version.h"

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace p2p::diststore::agreed {

using replication::Answer;
using replication::Batch;
using replication::KeyWrite;
using replication::Verdict;

// Not in an anonymous namespace, as their types are part of those of the lambdas of a template.

// A part whose keys are answered on several threads; each has its own result.
template <class Verb>
class OpenPart final {
 public:
  OpenPart(LocalPart<Verb>& part, std::function<void()> done) : part_(part), done_(std::move(done)) {}

  LocalPart<Verb>& part() noexcept { return part_; }

  void leave(std::string_view why) {
    const std::lock_guard hold(mutex_);
    part_.why = std::string(why);
  }
  void fail(Error error) {
    const std::lock_guard hold(mutex_);
    // What may have been done is told before what surely was not.
    if (part_.failure && may_have_run(part_.failure->kind)) return;
    part_.failure = std::move(error);
  }

  // False: what was answered before has filled the reply.
  bool takes(std::size_t bytes) noexcept {
    return bytes_.fetch_add(bytes, std::memory_order_relaxed) <= part_.room.bytes_max;
  }
  bool is_full() const noexcept { return bytes_.load(std::memory_order_relaxed) > part_.room.bytes_max; }

  // It begins with one, for whoever asks the others.
  void begin() noexcept { open_.fetch_add(1, std::memory_order_relaxed); }
  void end() {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_();
  }

 private:
  LocalPart<Verb>& part_;
  const std::function<void()> done_;
  std::mutex mutex_;  // of `why` and `failure`
  std::atomic<std::size_t> open_{1};
  std::atomic<std::size_t> bytes_{0};
};

// One partition's changes, and which of the part's keys they are.
struct PartitionGroup {
  std::shared_ptr<Batch> batch = std::make_shared<Batch>();
  std::vector<std::size_t> places = {};
};

namespace {

wire::ReadResult read_result(std::string_view value, Version version, std::int64_t ttl_left_ms) {
  wire::ReadResult result;
  result.found = true;
  result.__set_value(std::string(value));
  result.__set_version(to_wire(version));
  if (ttl_left_ms > 0) result.__set_ttl_left_ms(ttl_left_ms);
  return result;
}

// A large value is moved, and given back if nothing is done.
KeyWrite take_input(wire::Item& item, const BatchOptions& options) {
  KeyWrite write = KeyWrite::put(item.key, std::move(item.value));
  write.ttl_ms = options.ttl_ms;
  return write;
}
KeyWrite take_input(const std::string& key, const BatchOptions&) { return KeyWrite::erase(key); }
void give_back(KeyWrite& write, wire::Item& item) { item.value = std::move(write.value); }
void give_back(KeyWrite&, const std::string&) {}

void set_result(wire::WriteResult& result, Version version, bool) { result.__set_version(to_wire(version)); }
void set_result(wire::EraseResult& result, Version version, bool found) {
  result.found = found;
  if (found) result.__set_version(to_wire(version));
}

// A key that is erased twice in one batch is found once.
template <class Verb>
void take_done(LocalPart<Verb>& part, const PartitionGroup& group, const Answer& answer) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t at = 0; at < group.places.size(); ++at) {
    const KeyWrite& write = group.batch->writes[at];
    const bool is_first = group.places.size() == 1 || seen.insert(write.key).second;
    typename Verb::Result result;
    set_result(result, stored(answer.version), answer.verdict == Verdict::done && write.existed && is_first);
    result.__set_view(part.keys[group.places[at]].view);
    part.results[group.places[at]] = std::move(result);
  }
}

constexpr std::string_view kReplyIsFull = "the reply has no room for more keys";

// Left for the next round, if the reply is full.
void take_read(OpenPart<ReadMany>& open, std::size_t at, wire::ReadResult result) {
  LocalPart<ReadMany>& part = open.part();
  result.__set_view(part.keys[at].view);
  if (!open.takes(ReadMany::reply_bytes(result) + part.room.bytes_per_result)) return open.leave(kReplyIsFull);
  part.results[at] = std::move(result);
}

void take_late_read(OpenPart<ReadMany>& open, std::size_t at, const Answer& answer, std::int64_t ttl_left_ms,
                    std::string_view why_not) {
  if (answer.verdict == Verdict::done)
    take_read(open, at, read_result(answer.write->value, stored(answer.version), ttl_left_ms));
  else if (answer.verdict == Verdict::missing)
    take_read(open, at, {});
  else
    open.leave(why_not);
}

}  // namespace

void AgreedKeys::serve(LocalPart<ReadMany>& part, std::function<void()> done) {
  const auto open = std::make_shared<OpenPart<ReadMany>>(part, std::move(done));
  part.results.resize(part.keys.size());
  std::size_t waiting = 0;
  for (std::size_t at = 0; at < part.keys.size() && !open->is_full(); ++at) {
    const std::string& key = part.inputs[part.keys[at].index];
    const KeyPlace place = KeyPlace::of(key);
    wire::ReadResult result;
    const auto read = try_read(place, key, [&](std::string_view value, Version version, std::int64_t ttl_left_ms) {
      result = read_result(value, version, ttl_left_ms);
    });
    if (!read.ok()) {
      open->fail({read.error().kind, text_of_engine_failure(read.error())});
      break;
    }
    count_read(read.value());
    if (read.value() == Read::not_served) {
      open->leave(why_not_served(place.partition));
    } else if (read.value() != Read::up_to_copies) {
      take_read(*open, at, std::move(result));
    } else if (++waiting > kReadsWaitingMax) {
      open->leave("too many of the keys have writes under way");
    } else {
      open->begin();
      replicas_->read(place.partition, key, place.hash,
                      [keys = shared_from_this(), open, at, partition = place.partition](const Answer& answer) {
                        keys->count_read(answer);
                        const WallMs expires_at = answer.write == nullptr ? kNoExpiry : answer.write->expires_at;
                        take_late_read(*open, at, answer, keys->ttl_left_now(expires_at),
                                       keys->why_not_served(partition));
                        open->end();
                      });
    }
  }
  open->end();
}

template <class Verb>
void AgreedKeys::serve_changes(LocalPart<Verb>& part, std::function<void()> done) {
  const auto open = std::make_shared<OpenPart<Verb>>(part, std::move(done));
  part.results.resize(part.keys.size());
  std::unordered_map<Partition, PartitionGroup> groups;
  for (std::size_t at = 0; at < part.keys.size(); ++at) {
    KeyWrite write = take_input(part.inputs[part.keys[at].index], part.options);
    PartitionGroup& group = groups[KeyPlace::at(write.hash).partition];
    group.batch->writes.push_back(std::move(write));
    group.places.push_back(at);
  }
  for (auto& [partition, group] : groups) {
    open->begin();
    std::shared_ptr<Batch> batch = group.batch;
    replicas_->write(
        partition, std::move(batch),
        [keys = shared_from_this(), open, partition = partition, group = std::move(group)](const Answer& answer) {
          keys->count_change(answer, group.places.size());
          switch (answer.verdict) {
            case Verdict::done:
            case Verdict::missing:
              take_done(open->part(), group, answer);
              break;
            case Verdict::refused:
            case Verdict::overloaded:
            case Verdict::condition_failed:  // these two are of single keys
            case Verdict::forgotten:
              for (std::size_t at = 0; at < group.places.size(); ++at) {
                const KeyIndex index = open->part().keys[group.places[at]].index;
                give_back(group.batch->writes[at], open->part().inputs[index]);
              }
              open->leave(answer.verdict == Verdict::overloaded
                              ? "too many calls wait for the copies of a key's partition"
                              : keys->why_not_written(answer, partition));
              break;
            case Verdict::full:
              open->fail({ErrorKind::overloaded, answer.why});
              break;
            case Verdict::unknown:
              open->fail(
                  {ErrorKind::internal, "some changes may have been made: this node stopped being their primary"});
              break;
          }
          open->end();
        });
  }
  open->end();
}

void AgreedKeys::serve(LocalPart<WriteMany>& part, std::function<void()> done) { serve_changes(part, std::move(done)); }
void AgreedKeys::serve(LocalPart<EraseMany>& part, std::function<void()> done) { serve_changes(part, std::move(done)); }

}  // namespace p2p::diststore::agreed
