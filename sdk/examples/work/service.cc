#include "service.h"

#include <chrono>

namespace work {
namespace {

// What view versions, runs and batches are counted up from. A service that is started again, in this process or
// another, begins further up than it can have come before: it counts less than one a microsecond.
std::int64_t life_number() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// The node's name spreads the runs of nodes that started together.
std::int64_t first_run_of(const p2p::NodeAddress& self, std::int64_t life) {
  std::uint64_t run = 0xcbf29ce484222325;
  for (const char byte : self.name()) run = (run ^ static_cast<unsigned char>(byte)) * 0x100000001b3;  // FNV-1a
  return static_cast<std::int64_t>(run + static_cast<std::uint64_t>(life));
}

}  // namespace

Service::Service(p2p::Context& context, std::shared_ptr<p2p::ILocator> locator, Options options)
    : log_(context.log()),
      peers_(context.peers()),
      self_(context.node().self),
      peer_service_(context.service_name() + ".peer"),
      options_(options),
      locator_(std::move(locator)),
      strand_(context.strand("jobs")),
      workers_(std::make_shared<Workers>()),
      calls_(std::make_shared<Calls>(strand_, locator_, context.service_name(),
                                     [this](const std::string& key) { return may_act(key); })),
      kinds_(built_in_kinds()),
      life_(life_number()),
      jobs_(options_.limits, first_run_of(self_, life_)),
      departures_(jobs_, context.service_name(), life_),
      transfer_requests_(self_, context.service_name()),
      ring_(locator_->ring_of({})),
      view_version_(life_) {
  workers_->start(context, options_.limits.running_max);
}

void Service::start() {
  second_timer_ = strand_->every(std::chrono::seconds(1), [weak = weak_from_this()] {
    if (const auto service = weak.lock()) service->each_second();
  });
  ring_changed();
}

void Service::on_strand(void (Service::*work)()) {
  strand_->post([service = shared_from_this(), work] {
    if (!service->is_stopped_) ((*service).*work)();
  });
}

void Service::ring_changed() { on_strand(&Service::look_at_ring); }

void Service::joined() {
  strand_->post([service = shared_from_this()] { service->transfer_requests_.joined(); });
  ring_changed();
}

void Service::cleanup(std::shared_ptr<const p2p::RingView>, p2p::Next next) {
  const auto kept = std::make_shared<p2p::Next>(std::move(next));
  strand_->post([service = shared_from_this(), kept] {
    service->is_leaving_ = true;
    service->left_ = std::move(*kept);
  });
  ring_changed();
}

// A node that leaves comes here first, when others own nothing that is here yet: what it holds goes with cleanup().
void Service::drain(p2p::Completion done) {
  const auto kept = std::make_shared<p2p::Completion>(std::move(done));
  strand_->post([service = shared_from_this(), kept] {
    if (service->departures_.is_over()) return (*kept)();
    service->left_ = std::move(*kept);
  });
}

void Service::stop() {
  strand_->post([service = shared_from_this()] {
    Service& self = *service;
    self.is_stopped_ = true;
    self.round_timer_.reset();
    self.second_timer_.reset();
    self.calls_->stop();
    const Jobs::Counts& left = self.jobs_.counts();
    if (self.is_leaving_ && !self.departures_.is_over()) {
      self.log_.error("not everything was handed over: {} queued, {} running and {} ended jobs end with this node",
                      left.queued, left.running, left.ended);
    }
    self.left_();
  });
}

void Service::start_jobs() {
  const auto may_run = [this](const std::string& key) { return may_act(key); };
  while (auto start = jobs_.start_next(may_run)) {
    const auto kind = kinds_.find(start->kind);  // another node may know kinds that this one does not
    workers_->run([service = shared_from_this(), job = std::move(*start),
                   kind = kind == kinds_.end() ? JobKind() : kind->second](std::stop_token stop) {
      Outcome outcome{false, "this node knows no jobs of kind '" + job.kind + "'", {}};
      try {
        if (kind) outcome = kind(job.name, job.payload, stop);
      } catch (const std::exception& failure) {
        outcome = {false, failure.what(), {}};
      }
      service->strand_->post([service, name = job.name, outcome = std::move(outcome)]() mutable {
        if (!service->is_stopped_) service->finished(name, std::move(outcome));
      });
    });
  }
  show_figures();
}

// What a job leaves behind must fit into one message, to move.
void Service::finished(const JobName& name, Outcome outcome) {
  std::size_t bytes = outcome.text.size();
  for (const std::string& entry : outcome.entries) bytes += entry.size();
  if (bytes > options_.payload_bytes_max) {
    outcome = {false, "the outcome has " + std::to_string(bytes) + " bytes, which is over payload_bytes_max", {}};
  }
  jobs_.finish(name, std::move(outcome), strand_->now());
  calls_->wake(name.key);
  start_jobs();
}

void Service::each_second() {
  jobs_.forget_old(strand_->now());
  show_figures();
  remind_receivers();
}

void Service::show_figures() {
  const Jobs::Counts& counts = jobs_.counts();
  figures_.queued = static_cast<std::int64_t>(counts.queued);
  figures_.running = static_cast<std::int64_t>(counts.running);
  figures_.done = static_cast<std::int64_t>(counts.ended);
  figures_.moved = static_cast<std::int64_t>(departures_.jobs_moved());
}

}  // namespace work
