// What does the primary of a partition do (W1, W2, W4 to W6), for its clients and its copies (I1, I3, I5 to I8, H1)?
// Lives while this node is primary of the partition, over terms.
#pragma once

#include "replication/content.h"
#include "replication/effects.h"
#include "replication/fill.h"
#include "replication/site.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace p2p::diststore::replication {

// What a primary says of a copy (I1, I3): asked for again and again, until the map shows it.
struct CopyReport {
  Partition partition = 0;
  Node copy = kNoNode;
  Epoch term = 0;
  Epoch since = 0;  // of a learner's assignment; 0: it is in sync
  friend bool operator==(const CopyReport&, const CopyReport&) = default;
};

// A copy that refused a stream gets another one after this pause: a map takes a few milliseconds to it.
inline constexpr Duration kReopenPause = std::chrono::milliseconds(30);
// A learner that is not asked for yet may be slow: only when nothing comes of it for so many replica_timeouts is it
// given up.
inline constexpr int kLearnerPatience = 4;
// Longer than whoever asked for the hand-over waits (H1): it gives up first.
inline constexpr Duration kStoppingMax = std::chrono::milliseconds(1500);
// At least as often the commit index is told while it moves (W4).
inline constexpr Duration kCommitEvery = std::chrono::milliseconds(50);

class Primary final {
 public:
  Primary(Site& site, HeldPartition& held) : site_(site), held_(held), state_(held.state), content_(site, held) {}

  // --- its assignment (primary_term.cc) ---
  // A term begins: the first, or another in which it is primary still (I5).
  void begin_term(Moment moment, Effects& effects);
  // Its copies have changed, its term has not.
  void update(Moment moment, Effects& effects);
  // It is primary no more.
  void end(Effects& effects);
  // H1: serves no more, and finishes what is under way.
  void stop(Moment moment, Effects& effects);
  // True: it has finished, and will not serve in this term again.
  bool try_consent();

  // --- clients (primary.cc) ---
  void write(std::shared_ptr<Batch> batch, RequestId request, Moment moment, Effects& effects);
  void read(std::string_view key, KeyHash hash, RequestId request, Moment moment, Effects& effects);
  void settle(RequestId request, Moment moment, Effects& effects);
  // Values that have expired. False: it takes no writes at the moment.
  bool erase_expired(BatchPtr expired, Moment moment, Effects& effects);

  // --- copies (primary_streams.cc) ---
  void on_message(Node from, Message& message, Moment moment, Effects& effects);
  void on_connected(Node node, Moment moment, Effects& effects);
  void on_disconnected(Node node);
  void on_scanned(Scanned& scanned, Effects& effects);
  // What this node had at `position` is on its own disk (W4).
  void on_synced(Epoch term, Seq position, Moment moment, Effects& effects);
  void tick(Moment moment, Effects& effects);
  bool needs_tick() const;
  // This node hung for so long: nobody else was late (E2).
  void forgive(Duration late);
  // What it was sent before took so long.
  void excuse(Node node, Duration taken);
  void add_filled(std::vector<CopyReport>& reports) const;
  void add_failed(TimePoint now, std::vector<CopyReport>& reports) const;

 private:
  struct Stream {
    OtherCopy copy;
    StreamId id = 0;
    bool is_open = false;
    bool has_acked = false;    // on this stream
    bool is_complete = false;  // nothing is missing there, nothing suspect
    bool is_asked = false;     // to be put in sync: it is required from before that on (I3)
    Seq acked = 0;
    Seq commit_told = 0;
    TimePoint late_since = TimePoint::max();  // it has not acknowledged everything since, and made no progress
    TimePoint reopen_at = TimePoint::min();
    TimePoint wanted_since{};
    std::unique_ptr<Fill> fill = nullptr;

    bool is_required() const noexcept { return !copy.is_learner() || is_asked; }
  };

  // Waits for the write that it saw (W1, W5).
  struct Waiting {
    Seq seq = 0;
    Answer answer;
    std::string key = {};  // of a read
    KeyHash hash = 0;
    bool is_read = false;
  };

  Epoch term() const { return held_.assignment.term; }
  Partition number() const { return held_.assignment.partition; }
  bool is_serving() const noexcept { return !is_stopping_ && !has_consented_; }

  // --- primary.cc ---
  bool may_serve(Moment moment) const;
  bool refuse_for_copies(RequestId request, Effects& effects) const;
  bool has_room_for(const Batch& batch) const;
  std::optional<Answer> refusal_for_memory(const Batch& batch, RequestId request);
  std::int64_t growth_by(const Batch& batch);
  bool erase_expired_of(const Batch& asked, Moment moment, Effects& effects);
  bool answer_unless_met(const Batch& batch, RequestId request, Moment moment, Effects& effects);
  bool answer_if_repeated(const BatchPtr& batch, RequestId request, Moment moment, Effects& effects);
  void end_without_effect(const Batch& batch, const KeyWrite& seen, Answer answer, Moment moment, Effects& effects);
  Answer answer_without_effect(const Batch& batch, RequestId request, Moment moment);
  void wait_for(std::string_view key, KeyHash hash, Answer answer, Effects& effects);
  void wait(Waiting one, Effects& effects);
  bool append(const BatchPtr& batch, RequestId request, Moment moment, Effects& effects);
  void replicate(const BatchPtr& batch, Moment moment, Effects& effects);
  void read_now(std::string_view key, KeyHash hash, RequestId request, Moment moment, Effects& effects);
  void read_expired(std::string_view key, KeyHash hash, RequestId request, Moment moment, Effects& effects);
  bool append_expired(BatchPtr expired, Moment moment, Effects& effects);
  Answer answer_of(RequestId request, Verdict verdict) const;

  // --- primary_commit.cc ---
  Seq acknowledged() const;
  void try_commit(Moment moment, Effects& effects);
  void finish(const Uncommitted& entry, Moment moment, Effects& effects);
  void finish_waiting(const Uncommitted& entry, Moment moment, Effects& effects);
  void refuse_waiting(Effects& effects);

  // --- primary_term.cc ---
  void arrange_streams(Moment moment);
  void write_suspects(Moment moment, Effects& effects);
  void resume();

  // --- primary_streams.cc ---
  Stream* stream_of(Node node, StreamId id);
  void open_streams(Moment moment, Effects& effects);
  void open(Stream& stream, Moment moment, Effects& effects);
  static void close(Stream& stream);
  void send(Stream& stream, Body body, Effects& effects);
  void on_ack(Stream& stream, const Ack& ack, Moment moment, Effects& effects);
  bool is_late(const Stream& stream, TimePoint now) const;
  Item item_of(std::string_view key);
  void send_fetched(Stream& stream, const Fetch& fetch, Effects& effects);

  // --- primary_fill.cc ---
  void begin_fill(Stream& stream, AskForFill& ask, Effects& effects);
  void begin_backfill(Stream& stream, Effects& effects);
  void continue_fill(Stream& stream, Effects& effects);
  bool fill_from_keys(Stream& stream, Effects& effects);
  bool fill_from_log(Stream& stream, Effects& effects);
  bool fill_from_scan(Stream& stream, Effects& effects);
  bool may_fill(const Stream& stream) const;
  void resume_fills(Effects& effects);

  Site& site_;
  HeldPartition& held_;
  CopyState& state_;
  Content content_;
  std::vector<Stream> streams_;
  std::vector<Waiting> waiting_;
  std::vector<Waiting> read_again_;  // when all that is committed has been finished
  Seq synced_ = 0;                   // on its own disk, in this term
  bool has_synced_ = false;
  bool has_begun_ = false;
  bool is_stopping_ = false;
  bool has_consented_ = false;
  TimePoint stopping_until_{};
  TimePoint commits_told_at_ = TimePoint::min();
};

}  // namespace p2p::diststore::replication
