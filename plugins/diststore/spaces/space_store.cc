#include "spaces/space_store.h"

#include "engine/space_key.h"
#include "spaces/attempt.h"
#include "spaces/pauses.h"
#include "spaces/update_queue.h"
#include "spaces/update_rules.h"

#include <algorithm>
#include <deque>
#include <new>
#include <utility>

namespace p2p::diststore {
// What reads and updates share.
struct SpaceParts {
  SpaceParts(std::shared_ptr<EntryAccess> its_entries, std::shared_ptr<Strand> its_strand, Duration its_attempt_timeout)
      : entries(std::move(its_entries)), strand(std::move(its_strand)), attempt_timeout(its_attempt_timeout) {}

  std::shared_ptr<EntryAccess> entries;
  std::shared_ptr<Strand> strand;
  Duration attempt_timeout;
  std::shared_ptr<Pauses> pauses = std::make_shared<Pauses>(strand);
  std::shared_ptr<std::atomic<std::size_t>> reads = std::make_shared<std::atomic<std::size_t>>(0);

  Duration time_until(TimePoint deadline) const { return std::max(deadline - strand->now(), Duration::zero()); }

  // Each attempt once, for no longer than its time.
  void read(const std::string& key, TimePoint deadline, EntryAccess::Then<FoundEntry> then) const {
    Attempt<FoundEntry>::run(pauses, attempt_time(deadline), std::move(then),
                             [&](auto answer) { entries->read(key, deadline, std::move(answer)); });
  }
  void change(const EntryChange& change, TimePoint deadline, EntryAccess::Then<ChangedEntry> then) const {
    Attempt<ChangedEntry>::run(pauses, attempt_time(deadline), std::move(then),
                               [&](auto answer) { entries->change(change, deadline, std::move(answer)); });
  }

 private:
  Duration attempt_time(TimePoint deadline) const { return std::min(attempt_timeout, time_until(deadline)); }
};

class SpaceUpdates;

namespace {

constexpr const char* kStops = "this node stops";
constexpr const char* kTooManyReads = "too many reads are under way on this node";

bool is_letter(char one) noexcept { return 'a' <= one && one <= 'z'; }
bool is_letter_or_digit(char one) noexcept { return is_letter(one) || ('0' <= one && one <= '9') || one == '_'; }

Error too_long_a_key() {
  return {ErrorKind::invalid, "a route key has at most " + std::to_string(kRouteKeyBytesMax) + " bytes"};
}

// One read, until it is answered: what fails is tried again as long as there is time.
struct Read {
  std::string key;
  TimePoint deadline{};
  EntryAccess::Then<FoundEntry> then;
  Duration pause = kFirstPause;

  explicit Read(std::shared_ptr<std::atomic<std::size_t>> count) : count_(std::move(count)), number_(++*count_) {}
  // Dropped by a strand that has ended.
  ~Read() {
    --*count_;
    try {
      if (then) then(Error{ErrorKind::cancelled, kStops});
    } catch (...) {  // its caller's, whom nobody could tell
    }
  }
  void end(Result<FoundEntry> result) { std::exchange(then, nullptr)(std::move(result)); }
  bool is_one_too_many() const noexcept { return number_ > kReadsWaitingMax; }

 private:
  const std::shared_ptr<std::atomic<std::size_t>> count_;
  const std::size_t number_;  // of reads at its begin, itself too
};

void try_read(const SpaceParts& parts, const std::shared_ptr<Read>& read) {
  if (parts.pauses->is_stopped()) return read->end(Error{ErrorKind::cancelled, kStops});
  parts.read(read->key, read->deadline, [parts, read](Result<FoundEntry> result) {
    if (result.ok() || result.error().kind == ErrorKind::invalid) return read->end(std::move(result));
    if (parts.pauses->is_stopped()) return read->end(Error{ErrorKind::cancelled, kStops});
    const Duration pause = std::exchange(read->pause, std::min(read->pause * 2, kLastPause));
    if (parts.strand->now() + pause >= read->deadline) {
      return read->end(Error{ErrorKind::unreachable, "it could not be read: " + result.error().text});
    }
    parts.pauses->add(pause, [parts, read](Pauses::Turn turn) {
      if (turn == Pauses::Turn::go_on) return try_read(parts, read);
      read->end(Error{ErrorKind::cancelled, kStops});
    });
  });
}

}  // namespace

bool is_space_name(const std::string& name) noexcept {
  return !name.empty() && name.size() <= kSpaceNameBytesMax && is_letter(name.front()) &&
         std::ranges::all_of(name, is_letter_or_digit);
}

// --- updates ---------------------------------------------------------------------------------------------------------

// One update: its rules, and who waits for its end. One thread at a time: each of its steps begins the next.
struct RunningUpdate {
  UpdateRules rules;
  Space::Then<StateVersion> then;
  std::shared_ptr<SpaceUpdates> turn = nullptr;  // while it is the one of its route key that runs
  std::atomic<std::uint64_t> limit{0};           // of its wait for its turn: a pause

  RunningUpdate(UpdateRules its_rules, Space::Then<StateVersion> its_then)
      : rules(std::move(its_rules)), then(std::move(its_then)) {}
  // Dropped by a strand that has ended, by a call that was never answered, or by an exception.
  ~RunningUpdate();
  // However it ends, the next one of its route key begins.
  void end(Result<StateVersion> result) {
    end_turn();
    std::exchange(then, nullptr)(std::move(result));
  }

 private:
  void end_turn() noexcept;
};

class SpaceUpdates final : public std::enable_shared_from_this<SpaceUpdates> {
 public:
  SpaceUpdates(SpaceParts parts, std::function<std::uint64_t()> chance)
      : parts_(std::move(parts)), chance_(std::move(chance)), node_(chance_()) {}

  const SpaceParts& parts() const noexcept { return parts_; }

  void start(UpdateRules::Asked asked, Space::Then<StateVersion> then) {
    if (is_stopped_) return then(Error{ErrorKind::cancelled, kStops});
    const UpdateId id{node_, numbers_.fetch_add(1)};
    auto update = std::make_shared<RunningUpdate>(UpdateRules(std::move(asked), id), std::move(then));
    switch (queue_.add(update->rules.key(), update)) {
      case Queue::Place::first:
        update->turn = shared_from_this();
        return obey(update, update->rules.begin(moment()));
      case Queue::Place::waits:
        return limit_wait(update);
      case Queue::Place::full:
        return update->end(Error{ErrorKind::overloaded, std::to_string(kUpdatesWaitingMax) +
                                                            " updates are under way on this node, or wait for others"});
    }
  }

  void stop() {
    is_stopped_ = true;
    for (const auto& update : queue_.take_all()) cancel(*update);
    parts_.pauses->stop();
  }

  // On the strand: not within the end of the one before, or many would be a deep stack.
  void begin_next(const std::string& key) noexcept {
    try {
      Update next = queue_.end(key);
      if (!next) return;
      next->turn = shared_from_this();
      parts_.pauses->cancel(next->limit);
      parts_.strand->post([updates = shared_from_this(), next = std::move(next)] {
        updates->obey(next, next->rules.begin(updates->moment()));
      });
    } catch (...) {  // no memory: it has been dropped, which is its end
    }
  }

 private:
  using Queue = UpdateQueue<RunningUpdate>;
  using Update = std::shared_ptr<RunningUpdate>;

  UpdateMoment moment() const { return {parts_.strand->now(), chance_()}; }

  // Its turn may come, and its end, before the number of the pause is known: then the pause ends for nothing.
  void limit_wait(const Update& update) {
    const Duration time = parts_.time_until(update->rules.deadline());
    const auto over = [weak = weak_from_this(), waits = std::weak_ptr(update)](Pauses::Turn turn) {
      const auto updates = weak.lock();
      const Update late = waits.lock();
      if (!updates || !late || !updates->queue_.remove(late->rules.key(), late)) return;
      late->end(turn == Pauses::Turn::go_on ? late->rules.give_up(ErrorKind::unreachable, kNoTurn)
                                            : Error{ErrorKind::cancelled, kStops});
    };
    update->limit = parts_.pauses->add(time, over);
  }

  void obey(const Update& update, UpdateStep step) {
    if (step.kind == UpdateStep::Kind::end) return update->end(std::move(step.result));
    if (is_stopped_) return update->end(update->rules.give_up(ErrorKind::cancelled, kStops));
    if (step.pause == Duration::zero()) return act(update, step);
    parts_.pauses->add(step.pause, [updates = shared_from_this(), update, step](Pauses::Turn turn) {
      if (turn == Pauses::Turn::go_on) return updates->act(update, step);
      update->end(update->rules.give_up(ErrorKind::cancelled, kStops));
    });
  }

  void act(const Update& update, const UpdateStep& step) {
    if (step.kind == UpdateStep::Kind::read) {
      parts_.read(update->rules.key(), update->rules.deadline(),
                  [updates = shared_from_this(), update](const Result<FoundEntry>& read) {
                    updates->obey(update, update->rules.on_read(read, updates->moment()));
                  });
    } else {
      update->rules.note_sent();
      parts_.change(step.change, update->rules.deadline(),
                    [updates = shared_from_this(), update](const Result<ChangedEntry>& written) {
                      updates->obey(update, update->rules.on_written(written, updates->moment()));
                    });
    }
  }

  // The others are told whatever this one's caller throws.
  static void cancel(RunningUpdate& update) noexcept {
    try {
      update.end(Error{ErrorKind::cancelled, kStops});
    } catch (...) {
    }
  }

  const SpaceParts parts_;
  const std::function<std::uint64_t()> chance_;
  const std::uint64_t node_;
  std::atomic<std::uint64_t> numbers_{1};
  std::atomic<bool> is_stopped_{false};
  Queue queue_{kUpdatesWaitingMax};
};

RunningUpdate::~RunningUpdate() {
  end_turn();
  if (!then) return;
  try {
    then(rules.give_up(ErrorKind::cancelled, kStops));
  } catch (...) {  // its caller's, whom nobody could tell
  }
}

void RunningUpdate::end_turn() noexcept {
  if (const auto updates = std::exchange(turn, nullptr)) updates->begin_next(rules.key());
}

// --- a space ---------------------------------------------------------------------------------------------------------

namespace {

class StoredSpace final : public Space {
 public:
  StoredSpace(std::string name, SpaceOptions options, std::shared_ptr<SpaceUpdates> updates)
      : name_(std::move(name)), options_(options), updates_(std::move(updates)) {}

  void read(std::string route_key, std::string sub_key, Then<std::optional<StateValue>> then) override {
    read_state(route_key, [sub_key = std::move(sub_key), then = std::move(then)](Result<ReadState> read) {
      if (!read.ok()) return then(read.error());
      auto& [values, version] = read.value();
      const auto found = values.find(sub_key);
      if (found == values.end()) return then(std::optional<StateValue>());
      then(std::optional(StateValue{std::move(found->second), version}));
    });
  }

  void scan(std::string route_key, std::optional<std::string> after, std::size_t items_max,
            Then<StatePage> then) override {
    read_state(route_key, [after = std::move(after), items_max, then = std::move(then)](Result<ReadState> read) {
      if (!read.ok()) return then(read.error());
      auto& [values, version] = read.value();
      StatePage page{.items = {}, .is_last = true, .version = version};
      auto at = after ? values.upper_bound(*after) : values.begin();
      for (; at != values.end() && page.items.size() < items_max; ++at)
        page.items.push_back({at->first, std::move(at->second)});
      page.is_last = at == values.end();
      then(std::move(page));
    });
  }

  void update(std::string route_key, Change change, Then<StateVersion> then) override {
    if (route_key.size() > kRouteKeyBytesMax) return then(too_long_a_key());
    updates_->start({.key = stored_key_of({name_, route_key}),
                     .change = std::move(change),
                     .deadline = updates_->parts().strand->now() + options_.timeout,
                     .conflicts_max = options_.conflicts_max},
                    std::move(then));
  }

  void erase(std::string route_key, Then<StateVersion> then) override {
    update(
        std::move(route_key), [](RouteState& state) { state.clear(); }, std::move(then));
  }

 private:
  struct ReadState {
    RouteState values;
    StateVersion version;
  };

  static Result<ReadState> state_of(const FoundEntry& found) {
    if (!found.value) return ReadState{};
    try {
      auto state = decode_state(*found.value);
      if (!state) return Error{ErrorKind::invalid, "what is stored at the route key is no state of this form"};
      return ReadState{std::move(state->values), state_version_of(found.version)};
    } catch (const std::bad_alloc&) {
      return Error{ErrorKind::local, "no memory for what is stored at the route key"};
    }
  }

  void read_state(const std::string& route_key, Then<ReadState> then) {
    if (route_key.size() > kRouteKeyBytesMax) return then(too_long_a_key());
    const auto read = std::make_shared<Read>(updates_->parts().reads);
    read->key = stored_key_of({name_, route_key});
    read->deadline = updates_->parts().strand->now() + options_.timeout;
    read->then = [then = std::move(then)](Result<FoundEntry> result) {
      if (!result.ok()) return then(result.error());
      then(state_of(result.value()));
    };
    if (read->is_one_too_many()) return read->end(Error{ErrorKind::overloaded, kTooManyReads});
    try_read(updates_->parts(), read);
  }

  const std::string name_;
  const SpaceOptions options_;
  const std::shared_ptr<SpaceUpdates> updates_;
};

Error not_a_name(const std::string& name) {
  return {ErrorKind::invalid, "'" + name + "' is no name of a space: a letter, then letters, digits and _, at most " +
                                  std::to_string(kSpaceNameBytesMax)};
}

}  // namespace

SpaceStore::SpaceStore(std::shared_ptr<EntryAccess> entries, std::shared_ptr<Strand> strand,
                       std::function<std::uint64_t()> chance, Duration attempt_timeout)
    : updates_(std::make_shared<SpaceUpdates>(SpaceParts{std::move(entries), std::move(strand), attempt_timeout},
                                              std::move(chance))) {}

SpaceStore::~SpaceStore() = default;

Result<std::shared_ptr<Space>> SpaceStore::open(const std::string& name, SpaceOptions options) {
  if (!is_space_name(name)) return not_a_name(name);
  return std::shared_ptr<Space>(std::make_shared<StoredSpace>(name, options, updates_));
}

void SpaceStore::stop() { updates_->stop(); }

Result<std::shared_ptr<Space>> NoSpaces::open(const std::string&, SpaceOptions) {
  return Error{ErrorKind::unsupported,
               "this network runs in classic mode, which keeps one copy of each key, so no state would survive its "
               "node: set mode = \"agreed\" in [services.locator.config]"};
}

}  // namespace p2p::diststore
