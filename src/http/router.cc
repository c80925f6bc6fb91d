#include "http/router.h"

#include <algorithm>

#include "base/assert.h"
#include "http/internal/route_table.h"

namespace matsuri::http {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Takes the first segment off "/a/b".
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

}  // namespace

std::string to_allow(MethodSet methods) {
  std::string out;
  for (unsigned i = 0; i <= static_cast<unsigned>(Method::options); ++i) {
    if (!(methods & (1U << i))) continue;
    if (!out.empty()) out += ", ";
    out += name_of(static_cast<Method>(i));
  }
  return out;
}

void RouteTable::add(Route route) {
  MATSURI_ASSERT(route.pattern.starts_with('/'), "a pattern starts with a slash");
  Node* node = &root_;
  std::string_view rest = route.pattern;
  while (!rest.empty()) {
    const std::string_view segment = next_segment(rest);
    std::unique_ptr<Node>& child =
        is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  for (const Route* other : node->routes)
    MATSURI_ASSERT(other->method != route.method, "a route was added twice");
  route.index = routes_.size();
  node->routes.push_back(&routes_.emplace_back(std::move(route)));
}

const RouteTable::Node* RouteTable::find_node(const Node& node, std::string_view rest,
                                              std::vector<std::string_view>& values) {
  if (rest.empty()) return node.routes.empty() ? nullptr : &node;
  const std::string_view segment = next_segment(rest);
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Node* found = find_node(*literal->second, rest, values)) return found;
  }
  if (!node.parameter || segment.empty()) return nullptr;
  values.push_back(segment);
  if (const Node* found = find_node(*node.parameter, rest, values)) return found;
  values.pop_back();
  return nullptr;
}

Match RouteTable::find(Method method, std::string_view path) const {
  Match match;
  std::vector<std::string_view> values;
  if (!path.starts_with('/')) return match;
  const Node* node = find_node(root_, path, values);
  if (!node) return match;
  for (const Route* route : node->routes) {
    match.methods |= bit_of(route->method);
    if (route->method == Method::get && route->handler) match.methods |= bit_of(Method::head);
    // HEAD of a stream would never end.
    const bool is_head = method == Method::head && route->method == Method::get && route->handler;
    if (route->method == method || (is_head && !match.route)) match.route = route;
  }
  if (!match.route || values.empty()) return match;
  std::size_t index = 0;
  for (std::string_view rest = match.route->pattern; !rest.empty();) {
    const std::string_view segment = next_segment(rest);
    if (!is_parameter(segment)) continue;
    match.parameters.emplace_back(segment.substr(1, segment.size() - 2), values[index++]);
  }
  return match;
}

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;

void Router::add(Method method, std::string_view pattern, RouteOptions options, Handler handler) {
  state_->table.add(Route{.method = method,
                          .pattern = std::string(pattern),
                          .options = options,
                          .handler = std::move(handler),
                          .stream = {}});
}

void Router::add_stream(std::string_view pattern, RouteOptions options, StreamHandler handler) {
  state_->table.add(Route{.method = Method::get,
                          .pattern = std::string(pattern),
                          .options = options,
                          .handler = {},
                          .stream = std::move(handler)});
}

void Router::add_socket(std::string_view pattern, RouteOptions options, SocketHandler handler) {
  MATSURI_ASSERT(!options.waits_for_position, "a socket is no read");
  state_->table.add(Route{.method = Method::get,
                          .pattern = std::string(pattern),
                          .options = options,
                          .handler = {},
                          .stream = {},
                          .socket = std::move(handler)});
}

void Router::add_with_stream(std::string_view pattern, RouteOptions options, Handler handler,
                             StreamHandler stream) {
  state_->table.add(Route{.method = Method::get,
                          .pattern = std::string(pattern),
                          .options = options,
                          .handler = std::move(handler),
                          .stream = std::move(stream)});
}

bool is_streamed(const Route* route, const Request& request) {
  if (route == nullptr || !route->stream || request.method != Method::get) return false;
  return !route->handler || request.header("accept").starts_with("text/event-stream");
}

}  // namespace matsuri::http
