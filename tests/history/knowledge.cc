#include "knowledge.h"

#include <algorithm>
#include <numeric>

namespace p2p::history {
namespace {

bool brings_value(const Call& call) { return call.kind == Kind::write || (call.kind == Kind::read && call.found); }
bool erases(const Call& call) { return call.kind == Kind::erase && call.found; }
bool shows_gone(const Call& call) { return call.kind == Kind::erase || (call.kind == Kind::read && !call.found); }

// nullopt, which is "not told", is below every version.
void keep_newer(const Call*& kept, const Call& call) {
  if (call.version && (kept == nullptr || kept->version < call.version)) kept = &call;
}
void keep_later_begun(const Call*& kept, const Call& call) {
  if (kept == nullptr || kept->started < call.started) kept = &call;
}
void keep_later_effect(const Call*& kept, const Call& call) {
  if (kept == nullptr || latest_effect(*kept) < latest_effect(call)) kept = &call;
}

void add(Before& before, const Call& call) {
  if (call.outcome != Outcome::done) return;
  keep_newer(before.newest, call);
  if (brings_value(call)) {
    keep_newer(before.newest_value, call);
    keep_later_begun(before.latest_value, call);
  }
  if (erases(call)) keep_newer(before.newest_erase, call);
  if (shows_gone(call)) keep_later_begun(before.latest_gone, call);
}

void add_write(Until& until, const Call& call) {
  keep_later_effect(until.last_write, call);
  const bool is_kept_highest = until.newest_write != nullptr && !until.newest_write->version;
  if (!call.version) {
    until.newest_write = &call;
  } else if (!is_kept_highest) {
    keep_newer(until.newest_write, call);
  }
}

void add_erase(Until& until, const Call& call) {
  if (call.outcome == Outcome::done && !call.found) return;  // it changed nothing
  if (call.version) {
    keep_newer(until.newest_erase, call);
  } else {
    keep_later_effect(until.last_erase, call);
  }
}

void add(Until& until, const Call& call) {
  if (call.outcome == Outcome::not_done) return;
  if (call.kind == Kind::write) add_write(until, call);
  if (call.kind == Kind::erase) add_erase(until, call);
}

}  // namespace

Moment latest_effect(const Call& call) noexcept {
  return call.outcome == Outcome::unknown ? std::numeric_limits<Moment>::max() : call.ended;
}

std::vector<Knowledge> knowledge_of(std::span<const Call* const> calls) {
  std::vector<std::size_t> by_end(calls.size());
  std::iota(by_end.begin(), by_end.end(), std::size_t{0});
  std::sort(by_end.begin(), by_end.end(), [&](auto a, auto b) { return calls[a]->ended < calls[b]->ended; });

  std::vector<Knowledge> known(calls.size());
  Before before;
  for (std::size_t at = 0, ended = 0; at < calls.size(); ++at) {
    for (; calls[by_end[ended]]->ended < calls[at]->started; ++ended) add(before, *calls[by_end[ended]]);
    known[at].before = before;
  }
  Until until;
  std::size_t started = 0;
  for (const std::size_t at : by_end) {
    for (; started < calls.size() && calls[started]->started <= calls[at]->ended; ++started) {
      add(until, *calls[started]);
    }
    known[at].until = until;
  }
  return known;
}

}  // namespace p2p::history
