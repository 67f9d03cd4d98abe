// What the locator's shell needs of a host, without one: a strand on told time, a log that is kept, and peers that are
// other shells in the same test, reached through the real bytes.
#pragma once

#include "old_node.h"

#include <p2p/handlers.h>
#include <p2p/log.h>
#include <p2p/peers.h>
#include <p2p/strand.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ring {

class KeptLog final : public Logger {
 public:
  bool has(std::string_view part) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.find(part) != std::string::npos; });
  }
  std::vector<std::string> lines;

 protected:
  void write(LogLevel, std::string_view line) noexcept override { lines.emplace_back(line); }
};

// One queue of work and one clock for every strand of a test.
class TestTime {
 public:
  TimePoint now() const { return now_; }
  void at(TimePoint when, std::function<void()> work) {
    events_.emplace(std::pair(std::max(when, now_), ++count_), std::move(work));
  }

  // Runs what is due until then.
  void pass(Duration duration) {
    const TimePoint until = now_ + duration;
    while (!events_.empty() && events_.begin()->first.first <= until) {
      auto event = events_.extract(events_.begin());
      now_ = event.key().first;
      event.mapped()();
    }
    now_ = until;
  }
  void settle() { pass(Duration::zero()); }

 private:
  TimePoint now_{std::chrono::seconds(1000)};
  std::map<std::pair<TimePoint, int>, std::function<void()>> events_;
  int count_ = 0;
};

class TestStrand final : public Strand {
 public:
  explicit TestStrand(TestTime& time) : time_(time) {}

  void post(std::function<void()> work) override { time_.at(time_.now(), std::move(work)); }
  std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) override {
    auto timer = std::make_unique<TestTimer>();
    time_.at(time_.now() + delay, [is_cancelled = timer->is_cancelled, work = std::move(work)] {
      if (!*is_cancelled) work();
    });
    return timer;
  }
  std::unique_ptr<Timer> every(Duration, std::function<void()>) override { return nullptr; }
  TimePoint now() const noexcept override { return time_.now(); }
  bool is_current() const noexcept override { return is_here; }

  bool is_here = true;  // false: as if the caller were on another thread

 private:
  struct TestTimer final : Timer {
    ~TestTimer() override { cancel(); }
    void cancel() noexcept override { *is_cancelled = true; }
    std::shared_ptr<bool> is_cancelled = std::make_shared<bool>(false);
  };

  TestTime& time_;
};

// One call that an endpoint answers; what it answers goes to `done`.
class TestCall final : public CallState {
 public:
  TestCall(std::string message, std::function<void(Result<std::string>)> done)
      : message_(std::move(message)), done_(std::move(done)) {
    codec_.in().attach(message_);
    apache::thrift::protocol::TMessageType type{};
    codec_.binary_in().readMessageBegin(method_, type, info_.sequence);
    info_.method = method_;
  }

  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return codec_; }
  void finish() noexcept override { end(std::string(codec_.out().written())); }
  void fail(CallFault fault, std::string_view text) noexcept override {
    codec_.out().clear();
    apache::thrift::TApplicationException failure(
        static_cast<apache::thrift::TApplicationException::TApplicationExceptionType>(fault), std::string(text));
    codec_.binary_out().writeMessageBegin(method_, apache::thrift::protocol::T_EXCEPTION, info_.sequence);
    failure.write(&codec_.binary_out());
    codec_.binary_out().writeMessageEnd();
    finish();
  }
  void abandon() noexcept override { fail(CallFault::internal_error, "abandoned"); }
  void forward(const NodeAddress&, Duration, std::function<void(Error, Call)>) override {}
  void disagree() noexcept override {}
  void dispatch_again() override {}
  void keep() override {}
  void expect_no_reply() noexcept override {}
  void rewind() noexcept override {}
  TimePoint deadline() const noexcept override { return {}; }
  void note_unknown_outcome() noexcept override {}
  bool has_unknown_outcome() const noexcept override { return false; }

 private:
  void end(std::string reply) {
    auto done = std::move(done_);
    delete this;
    done(std::move(reply));
  }

  std::string message_;
  std::string method_;
  CallInfo info_;
  Codec codec_;
  std::function<void(Result<std::string>)> done_;
};

// Every shell of the test, and every node of the 2009 system, by address. Who is not in it refuses; a silent one never
// answers before the deadline.
class TestPeers final : public Peers {
 public:
  using Done = std::function<void(Result<std::string>)>;

  explicit TestPeers(TestTime& time) : time_(time) {}

  void call(const NodeAddress& to, std::string_view, std::string message, Duration deadline, Done done) override {
    reach(to, deadline, done, [this, to, message = std::move(message), done] {
      if (const auto old = old_nodes.find(to); old != old_nodes.end()) {
        ++old->second.unknown_calls;
        return done(Error{ErrorKind::unsupported, to.name() + " is a node of the 2009 system"});
      }
      const auto found = endpoints.find(to);
      if (found == endpoints.end()) return done(refused(to));
      found->second->handle(Call(new TestCall(message, done)));
    });
  }

  void call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline, Done done) override {
    reach(to, deadline, done, [this, to, message = std::move(message), expect, done] {
      const auto old = old_nodes.find(to);
      done(old != old_nodes.end() ? old->second.handle(message, expect) : refused(to));
    });
  }

  std::map<NodeAddress, std::shared_ptr<Endpoint>> endpoints;
  std::map<NodeAddress, TestOldNode> old_nodes;
  std::map<NodeAddress, bool> silent;

 private:
  void reach(const NodeAddress& to, Duration deadline, const Done& done, std::function<void()> arrive) {
    if (silent.contains(to)) {
      time_.at(time_.now() + deadline, [done] { done(Error{ErrorKind::timed_out, "no answer in time"}); });
    } else {
      time_.at(time_.now() + std::chrono::microseconds(100), std::move(arrive));
    }
  }
  static Result<std::string> refused(const NodeAddress& to) {
    return Error{ErrorKind::refused, "nobody listens on " + to.name()};
  }

  TestTime& time_;
};

}  // namespace p2p::ring
