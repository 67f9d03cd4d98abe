#include <p2p/handlers.h>

#include <atomic>

namespace p2p {
namespace {

// Owns the buffer that the generated callbacks write into through a raw pointer: it lives as long as any copy of the
// callback, while the call itself ends with the first answer.
class CobCall final {
 public:
  explicit CobCall(Call call)
      : call_(std::move(call)), encoding_(call_.info().encoding), is_oneway_(call_.info().oneway) {}

  std::shared_ptr<apache::thrift::protocol::TProtocol> output() { return codec_.shared_out(encoding_); }

  void finished(bool understood) {
    if (is_answered_.exchange(true)) return;  // a second answer is dropped
    if (!understood) {
      call_.fail(CallFault::protocol_error, "the arguments could not be read");
    } else if (!is_oneway_) {
      call_.state()->codec().out().block() = codec_.out().written();
      call_.take()->finish();
    }
  }

 private:
  Call call_;
  const Encoding encoding_;
  const bool is_oneway_;
  Codec codec_;
  std::atomic<bool> is_answered_{false};
};

class CobEndpoint final : public Endpoint {
 public:
  explicit CobEndpoint(std::shared_ptr<apache::thrift::async::TAsyncProcessor> processor)
      : processor_(std::move(processor)) {}

  void handle(Call call) override {
    CallState* state = call.state();
    state->rewind();
    const auto input = state->codec().shared_in(state->info().encoding);
    auto shared = std::make_shared<CobCall>(std::move(call));
    processor_->process([shared](bool understood) { shared->finished(understood); }, input, shared->output());
  }

 private:
  std::shared_ptr<apache::thrift::async::TAsyncProcessor> processor_;
};

}  // namespace

Result<Done> serve_processor(Context& context, ServiceSpec spec,
                             std::shared_ptr<apache::thrift::async::TAsyncProcessor> processor) {
  spec.dispatch = Dispatch::io;
  return context.serve(std::move(spec), std::make_shared<CobEndpoint>(std::move(processor)));
}

}  // namespace p2p
