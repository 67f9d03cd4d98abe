#include "admin/node_service.h"

#include <Admin.h>

namespace p2p::host {

std::shared_ptr<Endpoint> make_node_service(std::function<node::NodeStatus()> status) {
  auto methods = std::make_shared<Methods>();
  methods->on<node::Node_status_args, node::Node_status_presult>(
      "status", [status = std::move(status)](auto&, auto answer) { answer(status()); });
  return methods;
}

std::shared_ptr<Endpoint> make_admin_service(std::function<void()> leave, std::function<void()> stop,
                                             LeaveWaiters& waiters) {
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
  return methods;
}

}  // namespace p2p::host
