// Base and Locator, answered in both styles: as typed methods (add_*_methods) and as handler classes.
#include <p2p/handlers.h>

#include <algorithm>

namespace p2p {
namespace {

std::vector<std::string> service_chain(const ServiceSpec& spec) {
  std::vector<std::string> chain = spec.extends;
  chain.push_back(spec.idl);
  return chain;
}

void log_state(Context& context) {
  context.log().info("debug: service {} on node {}", context.service_name(), context.node().self.name());
}

void die_if_allowed(Context& context) {
  if (!context.node().allow_remote_die) {
    context.log().warn("die() was called over the network and is refused; [host] allow_remote_die = true allows it");
    return;
  }
  context.request_leave("die() was called over the network");
}

std::vector<NodeAddress> from_wire(const std::vector<locator::Location>& addresses) {
  std::vector<NodeAddress> all;
  all.reserve(addresses.size());
  for (const auto& address : addresses) all.push_back(p2p::from_wire(address));
  return all;
}

std::vector<locator::Location> members_on_wire(const ILocator& ring) {
  std::vector<locator::Location> all;
  const RingView& view = ring.view();
  all.reserve(view.members().size());
  for (const NodeAddress& member : view.members()) all.push_back(to_wire(member));
  return all;
}

locator::Location owner_on_wire(const ILocator& ring, std::string_view key) {
  const Owner owner = ring.view().owner_of(key);
  return owner.address != nullptr ? to_wire(*owner.address) : locator::Location();
}

// The interface is the 2009 system's own and declares nothing `required`; still, a call without its argument is
// meaningless. `call`: a Call or an Answer, which has failed when this is false.
template <class Asked>
bool is_there(bool is_set, const char* argument, Asked& call) {
  if (!is_set) {
    call.fail(CallFault::protocol_error, "the argument '" + std::string(argument) + "' of " +
                                             std::string(call.info().service) + ":" + std::string(call.info().method) +
                                             " is missing or of another type");
  }
  return is_set;
}
bool is_whole(const locator::Location& address, Call& call) {
  return is_there(address.__isset.address, "location.address", call) &&
         is_there(address.__isset.port, "location.port", call);
}

// The arguments of add and remove.
template <class Args>
bool has_news(const Args& args, Call& call) {
  if (!is_there(args.__isset.location, "location", call) || !is_whole(args.location, call)) return false;
  if (!is_there(args.__isset.authorities, "authorities", call)) return false;
  return std::all_of(args.authorities.begin(), args.authorities.end(),
                     [&call](const locator::Location& visited) { return is_whole(visited, call); });
}

}  // namespace

void add_base_methods(Methods& methods, Context& context, const ServiceSpec& spec) {
  methods.on<locator::Base_ping_args, locator::Base_ping_presult>("ping", [](auto&, auto answer) { answer(); });
  methods.on<locator::Base_service_type_args, locator::Base_service_type_presult>(
      "service_type", [type = spec.idl](auto&, auto answer) { answer(type); });
  methods.on<locator::Base_service_types_args, locator::Base_service_types_presult>(
      "service_types", [chain = service_chain(spec)](auto&, auto answer) { answer(chain); });
  methods.on_oneway<locator::Base_debug_args>("debug", [&context](auto&, Call) { log_state(context); });
  methods.on_oneway<locator::Base_die_args>("die", [&context](auto&, Call) { die_if_allowed(context); });
}

void add_locator_methods(Methods& methods, Context& context, const ServiceSpec& spec, std::shared_ptr<ILocator> ring) {
  add_base_methods(methods, context, spec);
  methods.on_oneway<locator::Base_debug_args>("debug", [ring](auto&, Call) { ring->log_view(); });
  methods.on_oneway<locator::Locator_join_args>("join", [ring](auto& args, Call call) {
    if (!is_there(args.__isset.location, "location", call) || !is_whole(args.location, call)) return;
    ring->join(p2p::from_wire(args.location));
  });
  methods.on_oneway<locator::Locator_add_args>("add", [ring](auto& args, Call call) {
    if (has_news(args, call)) ring->add(p2p::from_wire(args.location), from_wire(args.authorities));
  });
  methods.on_oneway<locator::Locator_remove_args>("remove", [ring](auto& args, Call call) {
    if (has_news(args, call)) ring->remove(p2p::from_wire(args.location), from_wire(args.authorities));
  });
  methods.on<locator::Locator_get_all_args, locator::Locator_get_all_presult>(
      "get_all", [ring](auto&, auto answer) { answer(members_on_wire(*ring)); });
  methods.on<locator::Locator_get_node_args, locator::Locator_get_node_presult>(
      "get_node", [ring](auto& args, auto answer) {
        if (is_there(args.__isset.key, "key", answer)) answer(owner_on_wire(*ring, args.key));
      });
}

BaseHandler::BaseHandler(Context& context, ServiceSpec spec) : context_(context), spec_(std::move(spec)) {}
void BaseHandler::ping() {}
void BaseHandler::service_type(std::string& answer) { answer = spec_.idl; }
void BaseHandler::service_types(std::vector<std::string>& answer) { answer = service_chain(spec_); }
void BaseHandler::debug() { log_state(context_); }
void BaseHandler::die() { die_if_allowed(context_); }

LocatorHandler::LocatorHandler(Context& context, ServiceSpec spec, std::shared_ptr<ILocator> locator)
    : BaseHandler(context, std::move(spec)), locator_(std::move(locator)) {}

void LocatorHandler::join(const locator::Location& address) { locator_->join(p2p::from_wire(address)); }
void LocatorHandler::add(const locator::Location& address, const std::vector<locator::Location>& visited_nodes) {
  locator_->add(p2p::from_wire(address), from_wire(visited_nodes));
}
void LocatorHandler::remove(const locator::Location& address, const std::vector<locator::Location>& visited_nodes) {
  locator_->remove(p2p::from_wire(address), from_wire(visited_nodes));
}
void LocatorHandler::get_all(std::vector<locator::Location>& answer) { answer = members_on_wire(*locator_); }
void LocatorHandler::get_node(locator::Location& answer, const std::string& key) {
  answer = owner_on_wire(*locator_, key);
}

}  // namespace p2p
