// The trie behind Router: finds the route of a path, or the methods that the path has.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/router.h"

namespace matsuri::http {

struct Route {
  Method method = Method::get;
  std::string pattern;
  RouteOptions options;
  Handler handler;  // one of the two, or both: then is_streamed() decides
  StreamHandler stream;
  SocketHandler socket;   // or this one alone
  std::size_t index = 0;  // among all routes, for metrics
};

// Is the answer a stream of events? Not without a route.
bool is_streamed(const Route* route, const Request& request);

// One bit for each method.
using MethodSet = std::uint8_t;
constexpr MethodSet bit_of(Method method) {
  return static_cast<MethodSet>(1U << static_cast<unsigned>(method));
}
// "GET, HEAD, POST", for Allow.
std::string to_allow(MethodSet methods);

struct Match {
  const Route* route = nullptr;  // null where nothing answers this method
  MethodSet methods = 0;         // what the path answers; 0: no such path
  std::vector<std::pair<std::string, std::string>> parameters;
};

// Patterns are literal segments and {parameters}; a parameter takes one segment that is not empty.
// A literal wins over a parameter, and where it leads nowhere the parameter is tried.
class RouteTable {
 public:
  // REQUIRES: method and pattern were not added before.
  void add(Route route);
  Match find(Method method, std::string_view path) const;
  const std::deque<Route>& routes() const { return routes_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::vector<const Route*> routes;  // one a method
  };

  static const Node* find_node(const Node& node, std::string_view rest,
                               std::vector<std::string_view>& values);

  Node root_;
  std::deque<Route> routes_;  // never moves
};

struct Router::State {
  RouteTable table;
};

}  // namespace matsuri::http
