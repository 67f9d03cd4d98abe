#include "http/http_server.h"

#include "documents/cluster_json.h"
#include "documents/status_json.h"
#include "http/asking.h"
#include "http/host_names.h"
#include "http/page_file.h"
#include "serving/loop.h"

#include <p2p/handlers.h>

#include <ClusterView.h>
#include <Locator.h>
#include <Node.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

namespace p2p::host {
namespace {

namespace view = cluster_view;

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kPageType = "text/html; charset=utf-8";
constexpr std::string_view kAllowed = "Access-Control-Allow-Origin: ";
constexpr std::string_view kEventsType = "text/event-stream";
constexpr std::string_view kEventsPath = "/api/v1/events";
constexpr std::string_view kPaths =
    "/\n/healthz\n/readyz\n/metrics\n/api/v1/status.json\n/api/v1/members.json\n/api/v1/map.json\n"
    "/api/v1/partitions.json\n/api/v1/services.json\n/api/v1/events\n";

HttpResponse refusal(int status, std::string_view why) { return {status, std::string(why) + '\n'}; }

HttpResponse document(const nlohmann::json& told) { return {200, documents::line_of(told) + '\n', kJsonType}; }

view::State state_in(view::ClusterViewClient& client) {
  view::State state;
  client.recv_state(state);
  return state;
}

std::vector<std::string> names_in(locator::LocatorClient& client) {
  std::vector<locator::Location> members;
  client.recv_get_all(members);
  std::vector<std::string> names;
  for (const auto& member : members) names.push_back(from_wire(member).name());
  std::ranges::sort(names);
  return names;
}

node::NodeStatus status_in(node::NodeClient& client) {
  node::NodeStatus status;
  client.recv_status(status);
  return status;
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

HttpTaken HttpServer::take(Loop& loop, ReplySink& origin, std::string_view head, const HttpClient& client) {
  loop.traffic().http_requests.add(1);
  HttpRequest request = read_request(head);
  const bool keeps_open = request.refused_with == 0 && request.keeps_open && !client.is_beyond_limit;
  if (request.refused_with == 0 && is_for_us(request, client) && request.path == kEventsPath && !request.is_head)
    return take_stream(loop, origin, std::move(request), client);
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
    check_origin(loop, request, client,
                 [this, &loop, request, respond = std::move(respond)](const std::string& fields) {
                   answer(loop, request, [respond, fields](HttpResponse response) {
                     response.fields += fields;
                     respond(response);
                   });
                 });
  }
  return keeps_open ? HttpTaken::more : HttpTaken::last;
}

HttpTaken HttpServer::take_stream(Loop& loop, ReplySink& origin, HttpRequest request, const HttpClient& client) {
  if (client.is_beyond_limit || streams_->load(std::memory_order_relaxed) >= kEventStreamsMax) {
    loop.traffic().http_refusals.add(1);
    std::string text = response_text(refusal(503, "too many pages are open at this node"), false, false);
    origin.answered(origin.begun(false), {text, &text});
    return HttpTaken::last;
  }
  const auto stream = std::make_shared<EventStream>(loop, sources_.router, origin, streams_);
  check_origin(loop, request, client, [stream, request](const std::string& fields) {
    // What a browser would keep from its page would still take one of the places.
    const bool may_read = request.origin.empty() ? !request.is_cross_site : fields.starts_with(kAllowed);
    if (!may_read)
      return stream->refuse(response_text(refusal(403, "pages of other sites hear nothing here"), false, false));
    stream->start(stream_head({.type = kEventsType, .fields = fields}), read_event_id(request.last_event_id));
  });
  return HttpTaken::stream;
}

// Pages of other nodes may read what this one tells: when a node dies, its page asks the next one. `then` gets the
// fields by which a browser lets them, or none; other sites' pages get an answer that the browser keeps from them.
void HttpServer::check_origin(Loop& loop, const HttpRequest& request, const HttpClient& client,
                              std::function<void(const std::string& fields)> then) {
  const std::string site = name_in_origin(request.origin);
  if (site.empty()) return then({});
  const std::string allowed = std::string(kAllowed) + request.origin + "\r\nVary: Origin\r\n";
  if (site == name_in_host(request.host) || (is_loopback_name(site) && is_loopback_name(client.asked_address)))
    return then(allowed);
  const auto decide = [=](bool is_member) { then(is_member ? allowed : "Vary: Origin\r\n"); };
  ask<view::ClusterViewClient>(
      loop, sources_.router, "locator.cluster", [](auto& asked) { asked.send_state(); }, state_in,
      [=](const view::State& state) {
        decide(std::ranges::any_of(state.members,
                                   [&](const auto& member) { return name_in_host(member.address) == site; }));
      },
      [=, this, &loop](const NoAnswer& none) {
        if (!none.is_unknown) return decide(false);
        ask<locator::LocatorClient>(
            loop, sources_.router, "locator", [](auto& asked) { asked.send_get_all(); }, names_in,
            [=](const std::vector<std::string>& names) {
              decide(std::ranges::any_of(names, [&](const auto& name) { return name_in_host(name) == site; }));
            },
            [=](const NoAnswer&) { decide(false); });
      });
}

HttpResponse HttpServer::metrics() const {
  try {
    return {200, sources_.metrics.text(), kMetricsType};
  } catch (const std::exception& failure) {
    return refusal(503, failure.what());
  }
}

HttpResponse HttpServer::page(const HttpRequest& request) {
  HttpResponse response{.type = kPageType, .tag = kPageTag};
  response.fields = "Content-Security-Policy: " + std::string(kPagePolicy) + "\r\nReferrer-Policy: no-referrer\r\n";
  if (request.known_tag == kPageTag) {
    response.status = 304;
  } else {
    response.body = kPageText;
  }
  return response;
}

void HttpServer::answer(Loop& loop, const HttpRequest& request, Respond respond) {
  const std::string& path = request.path;
  if (path == "/") return respond(page(request));
  if (path == "/healthz") return respond({200, "ok\n"});
  if (path == "/metrics") return respond(metrics());
  if (path == "/readyz") {
    const std::string why = sources_.why_not_ready();
    return respond(why.empty() ? HttpResponse{200, "ready\n"} : refusal(503, why));
  }
  if (path == kEventsPath) return respond({.type = kEventsType});  // HEAD: GET is a stream
  if (path == "/api/v1/status.json" || path == "/api/v1/services.json") {
    const bool is_services = path.ends_with("services.json");
    return ask<node::NodeClient>(
        loop, sources_.router, "node", [](auto& client) { client.send_status(); }, status_in,
        [=](const node::NodeStatus& status) {
          respond(document(is_services ? documents::services_json(status) : documents::status_json(status)));
        },
        [=](const NoAnswer& none) { respond(refusal(503, none.why)); });
  }
  if (path == "/api/v1/members.json") return answer_members(loop, respond);
  if (path == "/api/v1/map.json") return answer_state(loop, documents::map_json, respond, no_map(respond));
  if (path == "/api/v1/partitions.json") return answer_partitions(loop, respond);
  respond(refusal(404, "there is no such path; there are:\n" + std::string(kPaths.substr(0, kPaths.size() - 1))));
}

std::function<void(const NoAnswer&)> HttpServer::no_map(const Respond& respond) {
  return [respond](const NoAnswer& none) {
    respond(none.is_unknown
                ? refusal(404, "a node of mode classic has no map: `p2pctl map` estimates who owns how much")
                : refusal(503, none.why));
  };
}

void HttpServer::answer_state(Loop& loop, nlohmann::json (*make)(const view::State&), const Respond& respond,
                              std::function<void(const NoAnswer&)> failed) {
  ask<view::ClusterViewClient>(
      loop, sources_.router, "locator.cluster", [](auto& client) { client.send_state(); }, state_in,
      [=](const view::State& state) { respond(document(make(state))); }, std::move(failed));
}

// Of an agreed cluster, or what a locator of mode classic tells.
void HttpServer::answer_members(Loop& loop, const Respond& respond) {
  answer_state(loop, documents::members_json, respond, [this, &loop, respond](const NoAnswer& none) {
    if (!none.is_unknown) return respond(refusal(503, none.why));
    ask<locator::LocatorClient>(
        loop, sources_.router, "locator", [](auto& client) { client.send_get_all(); }, names_in,
        [=](const std::vector<std::string>& names) {
          respond(document(nlohmann::json{{"members", names}}));
        },
        [=](const NoAnswer& failed) { respond(refusal(503, failed.why)); });
  });
}

// As many as a locator tells at once, which is all that a cluster has as shipped.
void HttpServer::answer_partitions(Loop& loop, const Respond& respond) {
  ask<view::ClusterViewClient>(
      loop, sources_.router, "locator.cluster",
      [](auto& client) { client.send_partitions(0, std::numeric_limits<std::int32_t>::max()); },
      [](auto& client) {
        view::Partitions told;
        client.recv_partitions(told);
        return told;
      },
      [=](const view::Partitions& told) { respond(document(documents::holders_json(told))); }, no_map(respond));
}

}  // namespace p2p::host
