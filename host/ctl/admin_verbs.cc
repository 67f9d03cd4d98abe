// leave, stop: what changes a node goes over its admin socket.
#include "ctl/move_bar.h"
#include "ctl/verbs.h"

#include <Admin.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>

namespace p2p::ctl {
namespace {

template <class Order>
ExitCode tell(const Session& session, const char* state, Order order) {
  auto admin = connect_admin(session);
  if (!admin.ok()) return report(admin.error());
  const auto told = admin.value().template ask<node::AdminClient>("admin", order);
  if (!told.ok()) return report(told.error());
  show(session, {{"admin", admin.value().peer()}, {"state", state}},
       fmt::format("the node of {} is {}\n", admin.value().peer(), state));
  return ExitCode::done;
}

// How often a hand-over's progress is polled: a bar that moves twice as fast shows no more.
constexpr auto kLookPause = std::chrono::milliseconds(100);

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Draws the bar on a terminal until `ended`; elsewhere it only waits.
void show_hand_over(const Session& session, Connection& admin, const std::future<void>& ended) {
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0 && !session.json;
  bool has_drawn = false;
  while (ended.wait_for(kLookPause) != std::future_status::ready) {
    if (!is_terminal) continue;
    const auto status = ask_status(admin);
    if (!status.ok()) continue;
    for (const auto& service : status.value().services) {
      const auto moving = moving_of(service);
      if (!moving) continue;
      fmt::print(stderr, "\r\033[K{}", move_bar(*moving, terminal_columns() - 1));
      has_drawn = true;
    }
    std::fflush(stderr);
  }
  if (has_drawn) fmt::print(stderr, "\r\033[K");
}

Result<Done> ask_how_it_leaves(Connection& admin) {
  return admin.ask<node::AdminClient>("admin", [](auto& client) { client.send_await_leave(); });
}

// Awaits the answer to ask_how_it_leaves(). The node answers every call within its call_timeout, with an exception if
// need be: then it is asked again at once, for it may be about to end. An overloaded node gets a pause first.
Result<node::LeaveResult> await_leave(Connection& admin, const std::atomic<bool>& is_given_up) {
  while (true) {
    const auto asked_at = std::chrono::steady_clock::now();
    auto result = admin.ask("admin", &node::AdminClient::recv_await_leave);
    if (result.ok() || result.error().kind != ErrorKind::internal || is_given_up.load()) return result;
    if (std::chrono::steady_clock::now() - asked_at < kLookPause) std::this_thread::sleep_for(kLookPause);
    if (auto again = ask_how_it_leaves(admin); !again.ok()) return again.error();
  }
}

ExitCode report_leave(const Session& session, const std::string& path, const node::LeaveResult& left) {
  if (session.json) {
    print({{"admin", path},
           {"state", "left"},
           {"complete", left.complete},
           {"unfinished", left.unfinished},
           {"left_behind", left.left_behind}});
  } else if (left.complete) {
    fmt::print("the node of {} has handed over what it held, and left\n", path);
  } else {
    fmt::print("the node of {} has left, but not handed over everything\n", path);
    for (const std::string& line : left.left_behind) fmt::print("  left behind: {}\n", line);
    if (left.left_behind.empty()) {
      fmt::print("  {} did not end within [host] drain_timeout or drain_limit; the log says more\n",
                 fmt::join(left.unfinished, ", "));
    }
  }
  return left.complete ? ExitCode::done : ExitCode::no;
}

// The question is sent before the order: a node with little to hand over is gone a few milliseconds later, and answers
// only what it has received by then.
ExitCode leave_and_wait(const Session& session) {
  const auto path = admin_path(session);
  if (!path.ok()) return report(path.error());
  auto admin = Connection::open_admin(path.value(), session.timeouts);
  auto waiting = Connection::open_admin(path.value(), session.timeouts);
  if (!admin.ok()) return report(admin.error());
  if (!waiting.ok()) return report(waiting.error());
  if (auto asked = ask_how_it_leaves(waiting.value()); !asked.ok()) return report(asked.error());
  std::promise<void> ended;
  std::atomic<bool> is_given_up{false};
  Result<node::LeaveResult> result = node::LeaveResult();
  std::thread waiter([&] {
    result = await_leave(waiting.value(), is_given_up);
    ended.set_value();
  });
  const auto told = admin.value().ask<node::AdminClient>("admin", [](auto& client) { client.leave(); });
  if (told.ok()) {
    show_hand_over(session, admin.value(), ended.get_future());
  } else {
    is_given_up.store(true);
  }
  waiter.join();
  if (!told.ok()) return report(told.error());
  if (!result.ok()) return report(result.error());
  return report_leave(session, path.value(), result.value());
}

}  // namespace

void add_admin_verbs(CLI::App& app, Session& session) {
  const auto does_not_wait = std::make_shared<bool>(false);
  add_verb(app, session, "leave", "let a node hand over its keys, tell the others, and end; waits for it",
           [does_not_wait](const Session& asked) {
             if (!*does_not_wait) return leave_and_wait(asked);
             return tell(asked, "leaving", [](auto& client) { client.leave(); });
           })
      ->add_flag("--no-wait", *does_not_wait, "return when the hand-over has begun");
  add_verb(app, session, "stop", "end a node after the calls in hand; the others find out for themselves",
           [](const Session& asked) { return tell(asked, "stopping", [](auto& client) { client.stop(); }); });
}

}  // namespace p2p::ctl
