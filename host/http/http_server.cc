#include "http/http_server.h"

#include "documents/cluster_json.h"
#include "documents/status_json.h"
#include "http/asked_service.h"
#include "http/host_names.h"
#include "serving/loop.h"

#include <p2p/handlers.h>

#include <ClusterView.h>
#include <Locator.h>
#include <Node.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <algorithm>
#include <memory>

namespace p2p::host {
namespace {

namespace view = cluster_view;
using apache::thrift::TApplicationException;
using apache::thrift::protocol::TBinaryProtocol;
using apache::thrift::transport::TMemoryBuffer;

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kPaths =
    "/healthz\n/readyz\n/metrics\n/api/v1/status.json\n/api/v1/members.json\n/api/v1/map.json\n/api/v1/services.json\n";

HttpResponse refusal(int status, std::string_view why) { return {status, std::string(why) + '\n'}; }

HttpResponse document(const nlohmann::json& told) { return {200, documents::line_of(told) + '\n', kJsonType}; }

// What a generated client sends, and reads the reply of.
template <class Client>
class Conversation final {
 public:
  Conversation() : buffer_(std::make_shared<TMemoryBuffer>()), client_(std::make_shared<TBinaryProtocol>(buffer_)) {}

  Client& client() noexcept { return client_; }
  std::string sent() {
    std::string message = buffer_->getBufferAsString();
    buffer_->resetBuffer();
    return message;
  }
  void received(std::string_view reply) {
    buffer_->write(reinterpret_cast<const std::uint8_t*>(reply.data()), static_cast<std::uint32_t>(reply.size()));
  }

 private:
  std::shared_ptr<TMemoryBuffer> buffer_;
  Client client_;
};

// Calls `send(client)` on `service`, and answers with what `receive(client)` makes of the reply. `unknown` gets the
// case that the node has no such service or method.
template <class Client, class Send, class Receive, class Unknown>
void ask(Loop& loop, ServiceRouter& router, const char* service, Send send, Receive receive,
         std::function<void(const HttpResponse&)> respond, Unknown unknown) {
  const auto talk = std::make_shared<Conversation<Client>>();
  send(talk->client());
  ask_service(loop, router, service, talk->sent(), [=](std::string_view reply) {
    HttpResponse response;
    try {
      talk->received(reply);
      response = document(receive(talk->client()));
    } catch (const view::Refused& refused) {
      response = refusal(503, refused.why);
    } catch (const TApplicationException& failure) {
      if (failure.getType() == TApplicationException::UNKNOWN_METHOD) return unknown(failure.what());
      response = refusal(503, failure.what());
    } catch (const std::exception& failure) {
      response = refusal(503, failure.what());
    }
    respond(response);
  });
}

}  // namespace

std::string_view HttpServer::opened(const HttpClient& client) noexcept {
  static const std::string foreign = response_text(
      refusal(403, "HTTP is answered here to this machine alone; for others set [host.http] listen"), false, false);
  static const std::string full = response_text(refusal(503, "too many connections speak HTTP"), false, false);
  if (options_.is_local && !client.is_local) return foreign;
  if (connections_.fetch_add(1, std::memory_order_relaxed) < kHttpConnectionsMax) return {};
  closed();
  return full;
}

bool HttpServer::is_for_us(const HttpRequest& request, const HttpClient& client) const {
  return request.host.empty() || is_ours(request.host, !options_.is_local, options_.names) ||
         (!client.asked_address.empty() && name_in_host(request.host) == client.asked_address);
}

bool HttpServer::take(Loop& loop, ReplySink& origin, std::string_view head, const HttpClient& client) {
  loop.traffic().http_requests.add(1);
  const HttpRequest request = read_request(head);
  const bool keeps_open = request.refused_with == 0 && request.keeps_open && !client.is_beyond_limit;
  // The connection is held until it is answered; it lives on this loop.
  Respond respond = [origin = OriginRef(&origin), id = origin.begun(false), &loop, is_head = request.is_head,
                     keeps_open](const HttpResponse& response) {
    if (response.is_refusal()) loop.traffic().http_refusals.add(1);
    std::string text = response_text(response, is_head, keeps_open);
    origin->answered(id, {text, &text});
  };
  if (request.refused_with != 0) {
    respond(refusal(request.refused_with, request.why));
  } else if (!is_for_us(request, client)) {
    respond(refusal(421, "the field Host names another machine: use the address of this node, or localhost on it"));
  } else {
    answer(loop, request.path, std::move(respond));
  }
  return keeps_open;
}

HttpResponse HttpServer::metrics() const {
  try {
    return {200, sources_.metrics.text(), kMetricsType};
  } catch (const std::exception& failure) {
    return refusal(503, failure.what());
  }
}

void HttpServer::answer(Loop& loop, const std::string& path, Respond respond) {
  if (path == "/healthz") return respond({200, "ok\n"});
  if (path == "/metrics") return respond(metrics());
  if (path == "/readyz") {
    const std::string why = sources_.why_not_ready();
    return respond(why.empty() ? HttpResponse{200, "ready\n"} : refusal(503, why));
  }
  const auto unavailable = [respond](const char* why) { respond(refusal(503, why)); };
  if (path == "/api/v1/status.json" || path == "/api/v1/services.json") {
    const bool is_services = path.ends_with("services.json");
    return ask<node::NodeClient>(
        loop, sources_.router, "node", [](auto& client) { client.send_status(); },
        [is_services](auto& client) {
          node::NodeStatus status;
          client.recv_status(status);
          return is_services ? documents::services_json(status) : documents::status_json(status);
        },
        respond, unavailable);
  }
  if (path == "/api/v1/members.json") return answer_members(loop, respond);
  if (path == "/api/v1/map.json") {
    return ask<view::ClusterViewClient>(
        loop, sources_.router, "locator.cluster", [](auto& client) { client.send_state(); },
        [](auto& client) {
          view::State state;
          client.recv_state(state);
          return documents::map_json(state);
        },
        respond,
        [respond](const char*) {
          respond(refusal(404, "a node of mode classic has no map: `p2pctl map` estimates who owns how much"));
        });
  }
  respond(refusal(404, "there is no such path; there are:\n" + std::string(kPaths.substr(0, kPaths.size() - 1))));
}

// Of an agreed cluster, or what a locator of mode classic tells.
void HttpServer::answer_members(Loop& loop, const Respond& respond) {
  const auto ask_classic = [this, &loop, respond](const char*) {
    ask<locator::LocatorClient>(
        loop, sources_.router, "locator", [](auto& client) { client.send_get_all(); },
        [](auto& client) {
          std::vector<locator::Location> members;
          client.recv_get_all(members);
          std::vector<std::string> names;
          for (const auto& member : members) names.push_back(from_wire(member).name());
          std::ranges::sort(names);
          return nlohmann::json{{"members", names}};
        },
        respond, [respond](const char* why) { respond(refusal(503, why)); });
  };
  ask<view::ClusterViewClient>(
      loop, sources_.router, "locator.cluster", [](auto& client) { client.send_state(); },
      [](auto& client) {
        view::State state;
        client.recv_state(state);
        return documents::members_json(state);
      },
      respond, ask_classic);
}

}  // namespace p2p::host
