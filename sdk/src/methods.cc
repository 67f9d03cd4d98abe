#include <p2p/handlers.h>

namespace p2p {

Methods& Methods::set(const std::string& method, std::function<void(Call)> handler) {
  methods_.insert_or_assign(method, std::move(handler));
  return *this;
}

void Methods::handle(Call call) {
  const auto found = methods_.find(call.info().method);
  if (found == methods_.end()) {
    call.fail(CallFault::unknown_method, "service '" + std::string(call.info().service) + "' has no method '" +
                                             std::string(call.info().method) + "'");
    return;
  }
  found->second(std::move(call));
}

void Methods::refuse_arguments(Call& call, const char* why) noexcept { call.fail(CallFault::protocol_error, why); }

}  // namespace p2p
