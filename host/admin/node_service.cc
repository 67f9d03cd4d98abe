#include "admin/node_service.h"

#include <Admin.h>

namespace p2p::host {
namespace {

template <class Reply>
void submit(Changes& changes, ChangeRequest request, Reply answer) {
  const auto number = changes.submit(std::move(request));
  if (!number.ok()) return answer.fail(CallFault::internal_error, number.error().text);
  answer(number.value());
}

}  // namespace

std::shared_ptr<Endpoint> make_node_service(std::function<node::NodeStatus()> status) {
  auto methods = std::make_shared<Methods>();
  methods->on<node::Node_ping_args, node::Node_ping_presult>("ping", [](auto&, auto answer) { answer(); });
  methods->on<node::Node_status_args, node::Node_status_presult>(
      "status", [status = std::move(status)](auto&, auto answer) { answer(status()); });
  return methods;
}

std::shared_ptr<Endpoint> make_admin_service(std::function<void()> leave, std::function<void()> stop,
                                             LeaveWaiters& waiters, Changes& changes) {
  auto methods = std::make_shared<Methods>();
  methods->on<node::Admin_leave_args, node::Admin_leave_presult>("leave",
                                                                 [leave = std::move(leave)](auto&, auto answer) {
                                                                   answer();
                                                                   leave();
                                                                 });
  methods->on<node::Admin_stop_args, node::Admin_stop_presult>("stop", [stop = std::move(stop)](auto&, auto answer) {
    answer();
    stop();
  });
  methods->on<node::Admin_await_leave_args, node::Admin_await_leave_presult>(
      "await_leave", [&waiters](auto&, auto answer) { waiters.wait(std::move(answer)); });
  methods->on<node::Admin_enable_args, node::Admin_enable_presult>("enable", [&changes](auto& args, auto answer) {
    submit(changes, {ChangeRequest::Kind::enable, args.name, false}, std::move(answer));
  });
  methods->on<node::Admin_disable_args, node::Admin_disable_presult>("disable", [&changes](auto& args, auto answer) {
    submit(changes, {ChangeRequest::Kind::disable, args.name, args.force}, std::move(answer));
  });
  methods->on<node::Admin_reload_args, node::Admin_reload_presult>("reload", [&changes](auto& args, auto answer) {
    submit(changes, {args.check_only ? ChangeRequest::Kind::plan_reload : ChangeRequest::Kind::reload, "", false},
           std::move(answer));
  });
  methods->on<node::Admin_await_change_args, node::Admin_await_change_presult>(
      "await_change", [&changes](auto& args, auto answer) { changes.await(args.change, std::move(answer)); });
  return methods;
}

}  // namespace p2p::host
