#include "check.h"
#include "knowledge.h"
#include "violation.h"

#include <algorithm>
#include <span>

namespace p2p::history {
namespace {

using Calls = std::span<const Call* const>;

bool is_change(const Call& call) { return call.kind == Kind::write || (call.kind == Kind::erase && call.found); }

// The rules about a single key.
class KeyCheck final {
 public:
  // `calls` of one key in the order in which they began, final reads among them.
  KeyCheck(Calls calls, std::vector<Violation>& violations) : calls_(calls), violations_(violations) {
    for (const Call* call : calls) {
      if (call->kind == Kind::write) writes_.push_back(call);
    }
    std::sort(writes_.begin(), writes_.end(), [](auto* a, auto* b) { return a->value < b->value; });
  }

  void run() {
    const auto known = knowledge_of(calls_);
    for (std::size_t at = 0; at < calls_.size(); ++at) {
      if (calls_[at]->outcome == Outcome::done) check_answer(*calls_[at], known[at]);
    }
    check_versions();
    check_final_reads();
  }

 private:
  void report(Rule rule, const Call& call, const Call* proof = nullptr) { violations_.push_back({rule, &call, proof}); }

  const Call* writer_of(Value value) const {
    const auto found = std::lower_bound(writes_.begin(), writes_.end(), value,
                                        [](const Call* write, Value wanted) { return write->value < wanted; });
    return found != writes_.end() && (*found)->value == value ? *found : nullptr;
  }

  void check_answer(const Call& call, const Knowledge& known) {
    if (is_change(call)) {
      check_growth(call, known.before);
      if (call.kind == Kind::erase) check_erased_something(call, known);
    } else if (call.found) {
      check_found(call, known.before);
    } else {
      check_missing(call, known);
    }
  }

  void check_growth(const Call& change, const Before& before) {
    if (!change.version || before.newest == nullptr) return;
    if (*change.version <= *before.newest->version) report(Rule::version_not_growing, change, before.newest);
  }

  // At most one violation a read: what follows from the first is no news.
  void check_found(const Call& read, const Before& before) {
    const Call* writer = writer_of(read.value);
    if (writer == nullptr) return report(Rule::foreign_value, read);
    if (writer->outcome == Outcome::not_done) return report(Rule::refused_value, read, writer);
    if (writer->started > read.ended) return report(Rule::future_value, read, writer);
    if (has_other_version(read, *writer)) return report(Rule::other_version, read, writer);
    if (read.version && before.newest != nullptr && *read.version < *before.newest->version) {
      return report(Rule::stale_read, read, before.newest);
    }
    // Needs no version: the write had ended before somebody erased the key or found nothing, and that before the read.
    if (before.latest_gone != nullptr && latest_effect(*writer) < before.latest_gone->started) {
      report(Rule::back_again, read, before.latest_gone);
    }
  }

  static bool has_other_version(const Call& read, const Call& write) {
    if (write.outcome != Outcome::done || !read.version || !write.version) return false;
    // While a write runs, an earlier attempt of the store at it may be seen; its version is the lower one.
    const bool may_be_earlier_attempt = read.started <= write.ended;
    return may_be_earlier_attempt ? *read.version > *write.version : *read.version != *write.version;
  }

  // `call` is a read or an erase that found nothing.
  void check_missing(const Call& call, const Knowledge& known) {
    const Before& before = known.before;
    if (before.latest_value == nullptr || is_explained(known)) return;
    report(Rule::lost_value, call, before.newest_value != nullptr ? before.newest_value : before.latest_value);
  }

  // Whether some erase can have taken what was there before the call began.
  static bool is_explained(const Knowledge& known) {
    const auto& [before, until] = known;
    const bool by_version =
        until.newest_erase != nullptr &&
        (before.newest_value == nullptr || until.newest_erase->version > before.newest_value->version);
    const bool by_time =
        until.last_erase != nullptr && latest_effect(*until.last_erase) >= before.latest_value->started;
    return by_version || by_time;
  }

  // Some write must be able to outlast every erase and every answer "not found" that ended before this erase began.
  void check_erased_something(const Call& erase, const Knowledge& known) {
    const auto& [before, until] = known;
    if (until.last_write == nullptr) return report(Rule::erased_nothing, erase);
    const bool ended_early =
        before.latest_gone != nullptr && latest_effect(*until.last_write) < before.latest_gone->started;
    const bool is_outranked = before.newest_erase != nullptr && until.newest_write->version &&
                              *until.newest_write->version < *before.newest_erase->version;
    if (ended_early || is_outranked) report(Rule::erased_nothing, erase);
  }

  // A version names one change and one value.
  void check_versions() {
    std::vector<const Call*> told;
    for (const Call* call : calls_) {
      if (call->outcome == Outcome::done && call->version) told.push_back(call);
    }
    std::stable_sort(told.begin(), told.end(), [](auto* a, auto* b) {
      return *a->version != *b->version ? *a->version < *b->version : is_change(*a) > is_change(*b);
    });
    const Call* first = nullptr;  // of those with the same version; a change, if there is one
    for (const Call* call : told) {
      if (first == nullptr || *first->version != *call->version) {
        first = call;
      } else if (is_change(*call) || first->kind == Kind::erase || first->value != call->value) {
        report(Rule::shared_version, *call, first);
      }
    }
  }

  void check_final_reads() {
    const Call* first = nullptr;
    for (const Call* call : calls_) {
      if (call->client != kFinalReader || call->outcome != Outcome::done) continue;
      if (first == nullptr) first = call;
      const bool agrees = call->found == first->found &&
                          (!call->found || (call->value == first->value && call->version == first->version));
      if (!agrees) report(Rule::final_disagreement, *call, first);
    }
  }

  const Calls calls_;
  std::vector<Violation>& violations_;
  std::vector<const Call*> writes_;  // by value
};

std::vector<const Call*> by_key_and_start(const History& history) {
  std::vector<const Call*> calls;
  calls.reserve(history.calls.size() + history.final_reads.size());
  for (const Call& call : history.calls) calls.push_back(&call);
  for (const Call& call : history.final_reads) calls.push_back(&call);
  std::sort(calls.begin(), calls.end(),
            [](auto* a, auto* b) { return a->key != b->key ? a->key < b->key : a->started < b->started; });
  return calls;
}

std::vector<Violation> violations_in(Calls calls) {
  std::vector<Violation> violations;
  for (std::size_t begin = 0, end = 0; begin < calls.size(); begin = end) {
    while (end < calls.size() && calls[end]->key == calls[begin]->key) ++end;
    KeyCheck(calls.subspan(begin, end - begin), violations).run();
  }
  return violations;
}

Moment first_start(const History& history) {
  Moment first = std::numeric_limits<Moment>::max();
  for (const Call& call : history.calls) first = std::min(first, call.started);
  return history.calls.empty() ? 0 : first;
}

}  // namespace

Verdict check(const History& history, std::size_t sentences_max) {
  const auto calls = by_key_and_start(history);
  auto violations = violations_in(calls);
  std::stable_sort(violations.begin(), violations.end(),
                   [](auto& a, auto& b) { return a.call->started < b.call->started; });
  Verdict verdict;
  verdict.violations = violations.size();
  const Moment zero = first_start(history);
  for (const Violation& violation : violations) {
    ++verdict.by_rule[to_text(violation.rule)];
    if (verdict.sentences.size() < sentences_max) verdict.sentences.push_back(sentence_of(violation, history, zero));
  }
  return verdict;
}

}  // namespace p2p::history
