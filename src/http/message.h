// Requests and responses as the domains' routes see them. Nothing of Asio or Beast shows here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "model/ids.h"
#include "model/position.h"
#include "model/record.h"

namespace matsuri::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
std::string_view name_of(Method method);

// Who asks, as far as the `Authenticator` could tell (server.h). account is none for visitors.
struct Caller {
  AccountId account;
  Role role = Role::user;
  SessionId session;       // of the cookie; none with a bearer token
  bool by_cookie = false;  // so writes need the origin check, which the router has done

  explicit operator bool() const { return static_cast<bool>(account); }
};

// One request, read whole (within the route's limits). Immutable once a handler has it; kept alive
// by the shared pointer.
struct Request {
  Method method = Method::get;
  std::string path;   // decoded, "/v1/posts/5"
  std::string query;  // raw, without '?'
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::vector<std::pair<std::string, std::string>> path_parameters;
  std::string address;  // of the client; behind a trusted proxy, the one that it names
  Caller caller;
  IdempotencyKey idempotency_key;    // hash of the header, where given
  std::uint64_t fingerprint = 0;     // of method, path and body
  PositionSet position;              // what the client has seen (Matsuri-Position)
  io::Executor* executor = nullptr;  // the connection's I/O thread: completions come back here

  // The value of a header, by its name in lower case; empty where absent.
  std::string_view header(std::string_view name) const;
  // The decoded value of a `{name}` in the route's pattern. REQUIRES: the pattern has it.
  std::string_view path_parameter(std::string_view name) const;
  // The decoded value of a query parameter; nullopt where absent. Code::invalid where it is given
  // twice or is not valid UTF-8 after decoding.
  Result<std::optional<std::string>> query_parameter(std::string_view name) const;
};
using RequestPtr = std::shared_ptr<const Request>;

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  PositionSet position;  // sent as Matsuri-Position, merged with the request's
};

// RFC 9457: a body that says code, status and a sentence. The one table from Code to status.
Response problem(const Error& error);
// For what only HTTP knows (405, 413, 415, 422, 431 …); `code` is the stable name in the body.
Response problem(int status, std::string_view code, std::string_view detail);
int status_of(Code code);

// Sends the answer to one request: from any thread, exactly once. Dropped without an answer, it
// answers 500 and logs an error, so no client ever hangs. After a disconnect it does nothing.
class Responder {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(Response response) = 0;
  };

  explicit Responder(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = default;
  ~Responder();

  void send(Response response) { std::exchange(sink_, nullptr)->send(std::move(response)); }
  void send(Result<Response> result) {
    send(result.ok() ? std::move(result).value() : problem(result.error()));
  }

 private:
  std::shared_ptr<Sink> sink_;
};

}  // namespace matsuri::http
