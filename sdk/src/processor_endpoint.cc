#include <p2p/handlers.h>

namespace p2p {
namespace {

// A call still has its whole message; Methods start after its head, processors at it.
class ProcessorEndpoint final : public Endpoint {
 public:
  explicit ProcessorEndpoint(std::shared_ptr<apache::thrift::TProcessor> processor)
      : processor_(std::move(processor)) {}

  void handle(Call call) override {
    CallState* state = call.state();
    Codec& codec = state->codec();
    const CallInfo& info = state->info();
    state->rewind();
    bool understood = false;
    try {
      understood = processor_->process(codec.shared_in(info.encoding), codec.shared_out(info.encoding), nullptr);
    } catch (const apache::thrift::protocol::TProtocolException& failure) {
      if (!codec.out().written().empty()) throw;
      return refuse_arguments(call, failure);
    } catch (const apache::thrift::transport::TTransportException& failure) {
      if (!codec.out().written().empty()) throw;
      return refuse_arguments(call, failure);
    }
    if (info.oneway) return;  // destroying the call ends it
    if (!understood && codec.out().written().empty()) {
      call.fail(CallFault::protocol_error, "the message is not a call");
      return;
    }
    call.take()->finish();
  }

 private:
  // Generated code answers a handler's exceptions itself; until anything is written, it is reading arguments.
  static void refuse_arguments(Call& call, const apache::thrift::TException& failure) {
    call.fail(CallFault::protocol_error, std::string("the arguments cannot be read: ") + failure.what());
  }

  std::shared_ptr<apache::thrift::TProcessor> processor_;
};

}  // namespace

Result<Done> serve_processor(Context& context, ServiceSpec spec,
                             std::shared_ptr<apache::thrift::TProcessor> processor) {
  return context.serve(std::move(spec), std::make_shared<ProcessorEndpoint>(std::move(processor)));
}

}  // namespace p2p
