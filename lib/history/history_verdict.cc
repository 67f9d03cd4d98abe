#include "history/history_verdict.h"
#include "history/proof.h"
#include "history/register_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace p2p::history {
namespace {

using Operations = std::vector<Operation>;
using Verdict = Linearizability::Verdict;

// Lines around the operation that finds no place.
constexpr std::size_t kWindowMax = 24;
constexpr std::size_t kStatesMax = 8;

std::string text_of(const Version& version) { return fmt::format("{}.{}", version.stamp, version.node); }

std::string condition_of(const Operation& one) {
  if (one.if_absent) return " if absent";
  return one.if_version ? " if of version " + text_of(*one.if_version) : "";
}

std::string answer_of(const Operation& one) {
  std::string text;
  if (one.ending != Ending::ok)
    text = fmt::format(": {}", one.ending == Ending::unknown ? "unknown" : to_text(one.ending));
  if (one.kind != Kind::read && one.found) text += *one.found ? ", found something" : ", found nothing";
  if (one.version) text += ", version " + text_of(*one.version);
  return text;
}

std::string deed_of(const Operation& one) {
  if (one.kind == Kind::read && one.ending != Ending::ok) return "read";
  if (one.kind == Kind::read) return *one.found ? "read " + one.value : "read nothing";
  return (one.kind == Kind::write ? "write " + one.value : "erase") + condition_of(one);
}

// Everything about one key, in words.
class Words final {
 public:
  Words(const std::string& key, const Operations& operations, Moment zero)
      : operations_(operations), zero_(zero), text_(fmt::format("key {}: ", key)) {}

  std::string disagreement(const Disagreement& what) && {
    text_ += fmt::format("{}:\n", what.about);
    line(what.one, ' ');
    line(what.other, '>');
    return std::move(text_);
  }

  std::string proof(const Proof& proof, const RegisterSteps& read) && {
    const std::size_t culprit = read.operation_of[proof.step];
    text_ +=
        proof.is_of_versions ? "no order of these has growing versions:\n" : "no order of these fits their answers:\n";
    std::set<std::size_t> shown{culprit};
    for (const std::size_t step : proof.others) shown.insert(read.operation_of[step]);
    for (const std::size_t step : proof.others) line(read.operation_of[step], ' ');
    line(culprit, '>');
    held_before(proof, read);
    writer_of(operations_[culprit]);
    window(culprit);
    return std::move(text_);
  }

  std::string undecided(std::size_t places) && {
    text_ += fmt::format("undecided, after {} situations of {} operations\n", places, operations_.size());
    return std::move(text_);
  }

 private:
  double seconds(Moment at) const { return static_cast<double>(at - zero_) / 1e9; }

  void line(std::size_t number, char mark) {
    const Operation& one = operations_[number];
    text_ += fmt::format("  {} {:.6f} to {:.6f} s, client {}: {}{}\n", mark, seconds(one.invoked_at),
                         seconds(one.returned_at), one.client, deed_of(one), answer_of(one));
  }

  void held_before(const Proof& proof, const RegisterSteps& read) {
    std::string names;
    for (std::size_t at = 0; at < std::min(proof.states.size(), kStatesMax); ++at) {
      names += names.empty() ? "" : ", ";
      const State state = proof.states[at];
      names += state == kUnreadState ? "a value that nobody has read" : read.names[state];
    }
    text_ += "    before the last of them (>) ended, the key may have held: " + names + "\n";
  }

  // What was read and never written, or written by who was refused, needs no more words.
  void writer_of(const Operation& read) {
    if (read.kind != Kind::read || !read.found || !*read.found) return;
    const auto writer = std::find_if(operations_.begin(), operations_.end(), [&](const Operation& one) {
      return one.kind == Kind::write && one.value == read.value;
    });
    if (writer == operations_.end()) {
      text_ += "    nobody has written " + read.value + " to this key\n";
    } else {
      text_ += "    it was written so:\n";
      line(static_cast<std::size_t>(writer - operations_.begin()), ' ');
    }
  }

  // Those that were under way meanwhile, and the last ones before.
  void window(std::size_t culprit) {
    const Operation& centre = operations_[culprit];
    std::vector<std::size_t> around;
    for (std::size_t at = 0; at < operations_.size(); ++at) {
      if (operations_[at].invoked_at <= centre.returned_at) around.push_back(at);
    }
    std::sort(around.begin(), around.end(), [&](auto a, auto b) { return last_moment(a) < last_moment(b); });
    if (around.size() > kWindowMax) around.erase(around.begin(), around.end() - kWindowMax);
    std::sort(around.begin(), around.end(),
              [&](auto a, auto b) { return operations_[a].invoked_at < operations_[b].invoked_at; });
    text_ += fmt::format("    what went on then ({} of {} operations):\n", around.size(), operations_.size());
    for (const std::size_t at : around) line(at, at == culprit ? '>' : ' ');
  }

  Moment last_moment(std::size_t number) const { return operations_[number].returned_at; }

  const Operations& operations_;
  const Moment zero_;
  std::string text_;
};

Moment first_moment(const OperationsByKey& history) {
  Moment first = std::numeric_limits<Moment>::max();
  for (const auto& [key, operations] : history) {
    for (const Operation& one : operations) first = std::min(first, one.invoked_at);
  }
  return first;
}

}  // namespace

HistoryVerdict judge(const OperationsByKey& history, std::size_t sentences_max, std::size_t places_max) {
  HistoryVerdict verdict;
  const Moment zero = first_moment(history);
  const auto say = [&](auto&& words) {
    if (verdict.sentences.size() < sentences_max) verdict.sentences.push_back(words());
  };
  for (const auto& [key, operations] : history) {
    verdict.operations += operations.size();
    const RegisterSteps read = steps_of(operations);
    if (!read.disagreements.empty()) {
      ++verdict.wrong_keys;
      say([&, &key = key, &operations = operations] {
        return Words(key, operations, zero).disagreement(read.disagreements.front());
      });
      continue;
    }
    const Linearizability answer = linearize(read.steps, {.places_max = places_max});
    if (answer.verdict == Verdict::impossible) {
      ++verdict.wrong_keys;
      say([&, &key = key, &operations = operations] {
        return Words(key, operations, zero).proof(prove(read.steps), read);
      });
    } else if (answer.verdict == Verdict::undecided) {
      ++verdict.undecided_keys;
      say([&, &key = key, &operations = operations] { return Words(key, operations, zero).undecided(answer.places); });
    }
  }
  return verdict;
}

}  // namespace p2p::history
