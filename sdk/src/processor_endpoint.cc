#include <p2p/handlers.h>

namespace p2p {
namespace {

// A call still has its whole message in front of the codec's input; Methods start behind its head, processors at it.
class ProcessorEndpoint final : public Endpoint {
 public:
  explicit ProcessorEndpoint(std::shared_ptr<apache::thrift::TProcessor> processor)
      : processor_(std::move(processor)) {}

  void handle(Call call) override {
    CallState* state = call.state();
    Codec& codec = state->codec();
    const CallInfo& info = state->info();
    state->rewind();
    const bool understood =
        processor_->process(codec.shared_in(info.encoding), codec.shared_out(info.encoding), nullptr);
    if (info.oneway) return;  // letting go of the call ends it
    if (!understood && codec.out().written().empty()) {
      call.fail(CallFault::protocol_error, "the message is not a call");
      return;
    }
    call.take()->finish();
  }

 private:
  std::shared_ptr<apache::thrift::TProcessor> processor_;
};

}  // namespace

Result<Done> serve_processor(Context& context, ServiceSpec spec,
                             std::shared_ptr<apache::thrift::TProcessor> processor) {
  return context.serve(std::move(spec), std::make_shared<ProcessorEndpoint>(std::move(processor)));
}

}  // namespace p2p
