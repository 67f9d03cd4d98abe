// What may clients ask? submit, result, status and ledger, each for one key; answered where the key is.
#include "service.h"
#include "wire.h"

#include <Work.h>

#include <fmt/format.h>

namespace work {
namespace {

// What makes a reader's life easy: ids and keys are names, not contents.
constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kKeyBytesMax = 4'096;

// In the IDL, each method throws NotFinished as its first.
template <class Presult>
void raise_not_finished(p2p::Call call, const Job* job, const std::string& why) {
  wire::NotFinished error;
  error.state = job == nullptr ? wire::JobState::unknown : to_wire(job->state);
  error.message = "no result in time (" + why + "): ask for it later, or submit the job again under the same id";
  p2p::Answer<Presult>(std::move(call)).raise(1, error);
}

using Submitted = wire::Work_submit_presult;

void refuse(p2p::Call call, std::string why) {
  wire::JobRefused error;
  error.message = std::move(why);
  p2p::Answer<Submitted>(std::move(call)).raise(3, error);
}

wire::JobReport report_of(const Job* job) {
  wire::JobReport report;
  report.state = job == nullptr ? wire::JobState::unknown : to_wire(job->state);
  if (report.state == wire::JobState::done) report.__set_result(job->text);
  if (report.state == wire::JobState::failed) report.__set_error(job->text);
  return report;
}

// What a call says, whichever method it is of: the argument structs that Thrift generates can be neither copied nor
// moved.
struct Asked {
  JobName name;
  std::string kind;
  std::string payload;
};

template <class Args>
std::shared_ptr<const Asked> keep(Args& args) {
  Asked asked;
  asked.name.key = std::move(args.key);
  if constexpr (requires { args.job_id; }) asked.name.id = std::move(args.job_id);
  if constexpr (requires { args.kind; }) asked.kind = std::move(args.kind);
  if constexpr (requires { args.payload; }) asked.payload = std::move(args.payload);
  return std::make_shared<const Asked>(std::move(asked));
}

// "" when the name will do.
std::string refusal_of(const JobName& name) {
  if (name.id.empty() || name.id.size() > kIdBytesMax) return fmt::format("a job id has 1 to {} bytes", kIdBytesMax);
  if (name.key.size() > kKeyBytesMax) return fmt::format("a key has at most {} bytes", kKeyBytesMax);
  return {};
}

// What has run here, or is running, is known here, whoever owns the key by now.
bool is_known_here(const Job* job) { return job != nullptr && job->state != State::queued; }

}  // namespace

// `step_of(service, asked, call, may_act)` tries to answer the call, on the strand, as often as it takes.
template <class Args, class Presult, class StepOf>
void Service::add_key_method(p2p::Methods& methods, const std::string& name, StepOf step_of) {
  methods.on<Args, Presult>(name, [service = shared_from_this(), step_of](Args& args, p2p::Answer<Presult> answer) {
    p2p::Call call = answer.release();
    call.keep();
    const auto asked = keep(args);
    auto step = [service, step_of, asked](p2p::Call& pending, bool may_act) {
      return step_of(*service, *asked, pending, may_act);
    };
    auto give_up = [service, asked](p2p::Call pending, const std::string& why) {
      raise_not_finished<Presult>(std::move(pending), service->jobs_.find(asked->name), why);
    };
    service->calls_->take(std::make_shared<PendingCall>(PendingCall{asked->name.key, std::move(call), step, give_up}));
  });
}

Step Service::submit(const JobName& name, const std::string& kind, const std::string& payload, p2p::Call& call,
                     bool may_act) {
  const Job* job = jobs_.find(name);
  if (job == nullptr && may_act) {
    if (!jobs_.submit(name, kind, payload)) {
      wire::QueueFull error;
      error.queue_max = static_cast<std::int32_t>(options_.limits.queue_max);
      error.message = fmt::format(
          "{} jobs wait on {} already: submit again a little later, or raise queue_max in the service's configuration",
          options_.limits.queue_max, self_.name());
      p2p::Answer<Submitted>(std::move(call)).raise(2, error);
      return Step::answered;
    }
    start_jobs();
    return Step::wait;
  }
  if (!is_known_here(job)) return may_act ? Step::wait : Step::elsewhere;
  if (job->state == State::running) return Step::wait;
  if (job->state == State::done) {
    p2p::Answer<Submitted>{std::move(call)}(job->text);
  } else {
    wire::JobFailed error;
    error.message = job->text;
    p2p::Answer<Submitted>(std::move(call)).raise(4, error);
  }
  return Step::answered;
}

void Service::add_methods(p2p::Methods& methods) {
  add_key_method<wire::Work_submit_args, Submitted>(
      methods, "submit", [](Service& service, const Asked& asked, p2p::Call& call, bool may_act) {
        std::string why = refusal_of(asked.name);
        if (why.empty() && !service.kinds_.contains(asked.kind)) why = fmt::format("there is no kind '{}'", asked.kind);
        if (why.empty() && asked.payload.size() > service.options_.payload_bytes_max) {
          why = fmt::format("the payload has {} bytes, payload_bytes_max is {}", asked.payload.size(),
                            service.options_.payload_bytes_max);
        }
        if (why.empty()) return service.submit(asked.name, asked.kind, asked.payload, call, may_act);
        refuse(std::move(call), std::move(why));
        return Step::answered;
      });
  add_key_method<wire::Work_result_args, wire::Work_result_presult>(
      methods, "result", [](Service& service, const Asked& asked, p2p::Call& call, bool may_act) {
        const Job* job = service.jobs_.find(asked.name);
        if (!may_act && !is_known_here(job)) return Step::elsewhere;
        p2p::Answer<wire::Work_result_presult>{std::move(call)}(report_of(job));
        return Step::answered;
      });
  add_key_method<wire::Work_status_args, wire::Work_status_presult>(
      methods, "status", [](Service& service, const Asked& asked, p2p::Call& call, bool may_act) {
        const Job* job = service.jobs_.find(asked.name);
        if (!may_act && !is_known_here(job)) return Step::elsewhere;
        p2p::Answer<wire::Work_status_presult>{std::move(call)}(report_of(job).state);
        return Step::answered;
      });
  add_key_method<wire::Work_ledger_args, wire::Work_ledger_presult>(
      methods, "ledger", [](Service& service, const Asked& asked, p2p::Call& call, bool may_act) {
        if (!may_act) return Step::elsewhere;
        p2p::Answer<wire::Work_ledger_presult>{std::move(call)}(service.jobs_.ledger(asked.name.key));
        return Step::answered;
      });
}

}  // namespace work
