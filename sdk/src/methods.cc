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

// Generated code does not name a missing field; this is its text.
void Methods::refuse_arguments(Call& call, const char* why) noexcept {
  constexpr std::string_view kMissing = "TProtocolException: Invalid data";
  const std::string_view said = why == kMissing ? "one that is required is missing or of another type" : why;
  const CallInfo& info = call.info();
  call.fail(CallFault::protocol_error, "the arguments of " + std::string(info.service) + ":" +
                                           std::string(info.method) + " cannot be read: " + std::string(said));
}

}  // namespace p2p
