#include "http/internal/dispatcher.h"

#include <sodium.h>

#include <algorithm>

namespace matsuri::http {
namespace {

bool equals_any_case(std::string_view text, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(text.begin(), text.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

bool is_write(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return equals_any_case(type, "application/json");
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

Response not_allowed(MethodSet methods) {
  Response response = problem(405, "invalid", "this path does not answer this method");
  response.headers.emplace_back("allow", to_allow(methods));
  return response;
}

constexpr std::size_t idempotency_key_size_max = 64;

}  // namespace

ServerMetrics::ServerMetrics(metrics::Registry* registry, const RouteTable& table)
    : registry_(registry) {
  if (!registry) return;
  connections = &registry->gauge("matsuri_http_connections", "Open connections.");
  streams = &registry->gauge("matsuri_http_streams", "Open streams of server-sent events.");
  received_bytes = &registry->counter("matsuri_http_received_bytes_total", "Bytes from clients.");
  sent_bytes = &registry->counter("matsuri_http_sent_bytes_total", "Bytes to clients.");
  stream_events = &registry->counter("matsuri_http_stream_events_total", "Events sent on streams.");
  sockets = &registry->gauge("matsuri_http_sockets", "Open WebSockets.");
  socket_messages = &registry->counter("matsuri_http_socket_messages_total",
                                       "Messages that came over WebSockets.");
  const auto add = [&](std::string_view method, const std::string& route) {
    Series& series = series_.emplace_back();
    for (int i = 0; i < 5; ++i) {
      series.by_class[static_cast<std::size_t>(i)] = &registry->counter(
          "matsuri_http_requests_total", "Answers, by route and class of status.",
          {{"method", std::string(method)},
           {"route", route},
           {"status", std::to_string(i + 1) + "xx"}});
    }
    series.seconds = &registry->histogram(
        "matsuri_http_request_seconds", "From a request's last byte to its answer.",
        metrics::seconds_bounds(), {{"method", std::string(method)}, {"route", route}});
  };
  add("GET", "(files)");
  add("any", "(none)");
  for (const Route& route : table.routes()) add(name_of(route.method), route.pattern);
}

std::size_t ServerMetrics::of(const Route* route, const StaticFile* file) {
  if (route) return route->index + 2;
  return file ? of_files : of_nothing;
}

void ServerMetrics::count_request(std::size_t series, int status, std::int64_t duration_us) {
  if (!registry_) return;
  series_[series].by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->add();
  series_[series].seconds->observe(static_cast<double>(duration_us) * 1e-6);
}

void ServerMetrics::count_refusal(std::string_view reason) {
  if (!registry_) return;
  registry_
      ->counter("matsuri_http_refusals_total", "Requests refused before any handler, by reason.",
                {{"reason", std::string(reason)}})
      .add();
}

Dispatcher::Dispatcher(const ServerOptions& options, const RouteTable& table,
                       ServerMetrics& metrics)
    : options_(options),
      table_(table),
      metrics_(metrics),
      files_(options.static_files, options.page_routes),
      limiter_(options) {}

Response Dispatcher::refuse(std::string_view reason, Response response) const {
  metrics_.count_refusal(reason);
  return response;
}

std::optional<Response> Dispatcher::find_file(const Request& request, MethodSet methods,
                                              Admission& admission) const {
  if (methods == 0) {
    admission.file = files_.find(request.path);
    if (admission.file) methods = bit_of(Method::get) | bit_of(Method::head);
  }
  const bool is_read = request.method == Method::get || request.method == Method::head;
  if (admission.file && is_read) return std::nullopt;
  admission.file = nullptr;
  if (request.method == Method::options && (methods != 0 || request.path == "*")) {
    Response response{.status = 204, .content_type = "", .body = {}, .headers = {}, .position = {}};
    if (methods != 0) response.headers.emplace_back("allow", to_allow(methods));
    return response;
  }
  if (methods != 0) return refuse("method", not_allowed(methods));
  return problem(404, "not_found", "there is nothing here");
}

Admission Dispatcher::admit(Request& request, const RequestShape& shape) const {
  Admission admission;
  if (shape.refused_method != 0) {
    Response response = problem(shape.refused_method, "invalid", "this method is not known here");
    if (shape.refused_method == 405) response.headers.emplace_back("allow", "GET, HEAD");
    admission.refusal = refuse("method", std::move(response));
    return admission;
  }
  Match match = table_.find(request.method, request.path);
  admission.route = match.route;
  if (!match.route) {
    admission.refusal = find_file(request, match.methods, admission);
    return admission;
  }
  request.path_parameters = std::move(match.parameters);
  const RouteOptions& options = match.route->options;
  admission.body_size_max = options.body_size_max;
  // Rates need to know who asks; what they may do is looked at in its turn.
  if (options_.authenticator) {
    if (auto caller = options_.authenticator->authenticate(request); caller.ok())
      request.caller = *caller;
  }
  admission.refusal = check_rates(request, options.cost, admission.rate);
  if (!admission.refusal) admission.refusal = check_body(request, shape, options);
  if (!admission.refusal) admission.refusal = check_caller(request, options);
  if (!admission.refusal) admission.refusal = parse_headers(request);
  return admission;
}

RateVerdict Dispatcher::take_token(const Request& request, Cost cost) const {
  RateVerdict rate;
  if (cost == Cost::none) return rate;
  const std::int64_t now_us = options_.clock->monotonic_us();
  if (request.caller) rate = limiter_.take_for_account(request.caller.account, cost, now_us);
  if (rate.allowed) {
    const RateVerdict address = limiter_.take_for_address(request.address, cost, now_us);
    if (!rate.is_limited || !address.allowed) rate = address;
  }
  return rate;
}

std::optional<Response> Dispatcher::check_rates(const Request& request, Cost cost,
                                                RateVerdict& rate) const {
  rate = take_token(request, cost);
  if (rate.allowed) return std::nullopt;
  Response response = problem(429, "exhausted",
                              "too many requests: at most " + std::to_string(rate.limit) +
                                  " at once, the next in " + std::to_string(rate.retry_s) + " s");
  response.headers = {{"retry-after", std::to_string(rate.retry_s)}};
  return refuse("rate", std::move(response));
}

std::optional<Response> Dispatcher::check_body(const Request& request, const RequestShape& shape,
                                               const RouteOptions& options) const {
  if (shape.content_length > options.body_size_max) {
    return refuse("body_size",
                  problem(413, "invalid",
                          "the body is over " + std::to_string(options.body_size_max) + " bytes"));
  }
  if (options.json_body && !is_json(request.header("content-type"))) {
    return refuse("content_type", problem(415, "invalid", "Content-Type must be application/json"));
  }
  return std::nullopt;
}

std::optional<Response> Dispatcher::check_caller(const Request& request,
                                                 const RouteOptions& options) const {
  if (options.needs_account && !request.caller)
    return problem(Error(Code::unauthenticated, "sign in first"));
  if (is_write(request.method) && request.caller.by_cookie && !is_same_origin(request)) {
    return refuse("origin",
                  problem(Error(Code::denied, "the request came from a page of another site")));
  }
  return std::nullopt;
}

// Browsers send Origin with every write; those that don't say Sec-Fetch-Site. What says neither but
// sends a cookie is not trusted to be our page.
bool Dispatcher::is_same_origin(const Request& request) const {
  if (const std::string_view origin = request.header("origin"); !origin.empty()) {
    const std::string_view scheme = options_.behind_tls ? "https://" : "http://";
    return equals_any_case(origin, std::string(scheme).append(request.header("host")));
  }
  const std::string_view site = request.header("sec-fetch-site");
  return site == "same-origin" || site == "none";
}

std::optional<Response> Dispatcher::parse_headers(Request& request) const {
  for (const auto& [name, value] : request.headers) {
    if (name == "matsuri-position") {
      auto position = PositionSet::from_token(value);
      if (!position.ok())
        return refuse("position", problem(400, "invalid", "Matsuri-Position is not one of ours"));
      request.position = std::move(*position);
    } else if (name == "idempotency-key" && is_write(request.method)) {
      const bool is_visible =
          std::all_of(value.begin(), value.end(), [](char c) { return c >= '!' && c <= '~'; });
      if (value.empty() || value.size() > idempotency_key_size_max || !is_visible) {
        return refuse("idempotency_key",
                      problem(400, "invalid", "Idempotency-Key is 1 to 64 visible ASCII letters"));
      }
      crypto_generichash(reinterpret_cast<unsigned char*>(request.idempotency_key.bytes.data()),
                         request.idempotency_key.bytes.size(),
                         reinterpret_cast<const unsigned char*>(value.data()), value.size(),
                         nullptr, 0);
    }
  }
  return std::nullopt;
}

void Dispatcher::complete(Request& request) const {
  if (!request.idempotency_key) return;
  crypto_generichash_state state;
  unsigned char hash[16];
  crypto_generichash_init(&state, nullptr, 0, sizeof hash);
  const std::string_view method = name_of(request.method);
  for (const std::string_view part :
       {method, std::string_view(request.path), std::string_view(request.query),
        std::string_view(request.body)}) {
    // Sizes in front, so that no byte can move from one part to the next.
    const std::uint64_t size = part.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  }
  crypto_generichash_final(&state, hash, sizeof hash);
  std::memcpy(&request.fingerprint, hash, sizeof request.fingerprint);
}

std::string Dispatcher::address_of(std::string_view peer, std::string_view forwarded_for) const {
  const auto is_trusted = [&](std::string_view address) {
    return std::find(options_.trusted_proxies.begin(), options_.trusted_proxies.end(), address) !=
           options_.trusted_proxies.end();
  };
  // From the end: each proxy adds whom it saw, so the first that we don't trust is the client, and
  // what stands before is only what the client says.
  std::string_view address = peer;
  while (is_trusted(address) && !forwarded_for.empty()) {
    const std::size_t comma = forwarded_for.rfind(',');
    const std::string_view last =
        trim(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    if (last.empty() || last.size() > 45) break;
    address = last;
    forwarded_for = comma == std::string_view::npos ? "" : forwarded_for.substr(0, comma);
  }
  return std::string(address);
}

}  // namespace matsuri::http
