// Which handler answers which method and path, and under which limits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"
#include "http/web_socket.h"

namespace matsuri::http {

class EventStream;

// Runs on the connection's I/O thread: it must not block. It may keep the responder and answer
// later, from any thread.
using Handler = std::function<void(RequestPtr request, Responder respond)>;

// Opens a stream of server-sent events (sse.h), or answers with an error.
using StreamHandler =
    std::function<Result<void>(RequestPtr request, std::shared_ptr<EventStream> stream)>;

// Which token bucket a route draws from; the limits are in ServerOptions. `picture`: what one page
// asks for by the hundred. `none`: what monitoring asks, which must get an answer when everything
// else is refused.
// `game`: what games ask for, many times a second and for many players from one address.
enum class Cost : std::uint8_t { read, write, sign_in, picture, game, none };
inline constexpr std::size_t limited_cost_count = 5;  // all but `none`

struct RouteOptions {
  Cost cost = Cost::read;
  std::size_t body_size_max = 16 << 10;  // more is 413
  bool needs_account = false;            // else 401 before the handler
  bool json_body = false;                // Content-Type must be application/json, else 415
  // A read that honours Matsuri-Position: the router waits (PositionWaiter) before the handler
  // runs.
  bool waits_for_position = false;
};

// Built once at start, then only read. A pattern is "/v1/posts/{post}"; a literal segment wins over
// a parameter. A path that is known under other methods only is 405 with Allow; HEAD is answered by
// GET's handler without the body.
class Router {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // REQUIRES: method and pattern were not added before.
  void add(Method method, std::string_view pattern, RouteOptions options, Handler handler);
  void add_stream(std::string_view pattern, RouteOptions options, StreamHandler handler);
  // GET becomes a WebSocket (web_socket.h); 426 for whoever wants none.
  void add_socket(std::string_view pattern, RouteOptions options, SocketHandler handler);
  // GET is a stream for who accepts text/event-stream, and `handler`'s for all others.
  void add_with_stream(std::string_view pattern, RouteOptions options, Handler handler,
                       StreamHandler stream);

  struct State;
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// Adds the routes of one domain, each below `prefix` and answered by a member function of `routes`.
template <class Routes>
class MemberRoutes {
 public:
  using Member = void (Routes::*)(const RequestPtr&, Responder) const;

  MemberRoutes(Router& router, std::string prefix, std::shared_ptr<const Routes> routes)
      : router_(router), prefix_(std::move(prefix)), routes_(std::move(routes)) {}

  void operator()(Method method, std::string_view path, RouteOptions options, Member member) const {
    router_.add(method, prefix_ + std::string(path), options, handler(member));
  }
  Handler handler(Member member) const {
    return [routes = routes_, member](const RequestPtr& request, Responder respond) {
      ((*routes).*member)(request, std::move(respond));
    };
  }

 private:
  Router& router_;
  std::string prefix_;
  std::shared_ptr<const Routes> routes_;
};

}  // namespace matsuri::http
