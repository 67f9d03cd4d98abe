// Queues whose items survive their node: the state of each is in a space of the store, at the queue's name
// (p2p/store.h). queue.toml runs a call at the primary of its name, where the state is. Nothing here knows that there
// are several nodes.
#include "queue_state.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>
#include <p2p/store.h>

#include <Queue.h>  // generated from queue.thrift

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

queue::Caller caller_of(const queue::Ticket& ticket) {
  if (ticket.client.empty()) return {};
  const std::string client = std::to_string(ticket.client.size()) + ' ' + ticket.client;
  return {client, client + ' ' + std::to_string(ticket.call) + ' '};
}

template <class Presult>
void raise(p2p::Answer<Presult>& answer, const p2p::Error& error) {
  queue::QueueError raised;
  raised.outcome = p2p::may_have_run(error.kind) ? queue::Outcome::unknown : queue::Outcome::not_done;
  raised.why = error.text;
  answer.raise(1, raised);
}

// Makes `change` at the queue `name`, and answers with `result_of` what it has returned.
template <class Presult, class Change, class ResultOf>
void update(p2p::Space& space, const std::string& name, Change change, p2p::Answer<Presult> answer,
            ResultOf result_of) {
  const auto kept = std::make_shared<p2p::Answer<Presult>>(std::move(answer));
  const auto changed = std::make_shared<std::string>();
  space.update(
      name, [change, changed](p2p::RouteState& state) { *changed = change(state); },
      [kept, changed, result_of](const p2p::Result<p2p::StateVersion>& done) {
        if (!done.ok()) return raise(*kept, done.error());
        (*kept)(result_of(*changed));
      });
}

void push(p2p::Space& space, const queue::Queue_push_args& args, p2p::Answer<queue::Queue_push_presult> answer) {
  update(
      space, args.name,
      [item = args.item, caller = caller_of(args.ticket)](p2p::RouteState& state) {
        return queue::push(state, item, caller);
      },
      std::move(answer), [](const std::string& count) { return static_cast<std::int64_t>(std::stoll(count)); });
}

void pop(p2p::Space& space, const queue::Queue_pop_args& args, p2p::Answer<queue::Queue_pop_presult> answer) {
  update(
      space, args.name, [caller = caller_of(args.ticket)](p2p::RouteState& state) { return queue::pop(state, caller); },
      std::move(answer),
      [](const std::string& item) {
        queue::Popped popped;
        popped.found = !item.empty();
        if (popped.found) popped.__set_item(item.substr(1));
        return popped;
      });
}

// An update that changes nothing is a read, and is written nowhere.
void len(p2p::Space& space, const queue::Queue_len_args& args, p2p::Answer<queue::Queue_len_presult> answer) {
  update(
      space, args.name, [](p2p::RouteState& state) { return std::to_string(queue::count_of(state, queue::kItem)); },
      std::move(answer), [](const std::string& count) { return static_cast<std::int64_t>(std::stoll(count)); });
}

class QueuePlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    auto opened = context.require<p2p::IStore>()->open(context.service_name());
    if (!opened.ok()) return opened.error();
    const std::shared_ptr<p2p::Space> space = opened.value();
    p2p::ServiceSpec spec;
    spec.idl = "queue.Queue";
    spec.extends = {"locator.Base"};
    spec.dispatch = p2p::Dispatch::io;  // nothing blocks: the space calls back
    const auto methods = std::make_shared<p2p::Methods>();
    p2p::add_base_methods(*methods, context, spec);
    methods->on<queue::Queue_push_args, queue::Queue_push_presult>(
        "push", [space](auto& args, auto answer) { push(*space, args, std::move(answer)); });
    methods->on<queue::Queue_pop_args, queue::Queue_pop_presult>(
        "pop", [space](auto& args, auto answer) { pop(*space, args, std::move(answer)); });
    methods->on<queue::Queue_len_args, queue::Queue_len_presult>(
        "len", [space](auto& args, auto answer) { len(*space, args, std::move(answer)); });
    return context.serve(spec, methods);
  }
};

}  // namespace

P2P_PLUGIN(QueuePlugin, P2P_NAME("queue") P2P_VERSION("0.1.0") P2P_SUMMARY("queues that survive the death of any node")
                            P2P_REQUIRES("p2p.diststore.IStore/1") P2P_MOVES_STATE P2P_SERVES("queue.Queue"))
