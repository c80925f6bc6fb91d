#include "game/socket_routes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "game/command_json.h"
#include "game/socket_message.h"
#include "http/web_socket.h"

namespace matsuri::game {
namespace {

using http::RequestPtr;
using http::SocketEnd;
using http::SocketMessage;
using http::SocketReply;

// One client. Who asks is looked at again with each request, from memory: keys are revoked, and
// sessions end, while sockets stay open. Cookies count for nothing here, so pages of any origin may
// open one: they bring a title key and a player's token, or get nothing.
class GameSocket {
 public:
  GameSocket(SocketParts parts, TitleId title, RequestPtr request)
      : parts_(parts),
        title_(title),
        request_(std::move(request)),
        authorization_(request_->header("authorization")),
        player_(request_->header("matsuri-player")) {}

  // Code::unauthenticated. Whoever says nothing yet has to sign in first.
  Result<bool> is_signed_in() const {
    if (authorization_.empty() && player_.empty()) return false;
    TRY(asker());
    return true;
  }

  void take(const SocketMessage& message, SocketReply reply) {
    const auto request = SocketRequest::parse(message.bytes);
    if (!request.ok())
      return reply.send(
          {.message = {},
           .end = SocketEnd{http::socket_end::bad_payload, "is no Request of game.proto"}});
    const std::uint64_t id = request->id();
    if (message.retry_s != 0)
      return refuse(reply, id, Error(Code::exhausted, "too many requests"), message.retry_s);
    switch (request->what()) {
      case SocketRequest::What::unknown:
        if (const auto found = asker(); !found.ok()) return refuse(reply, id, found.error());
        return refuse(reply, id, Error(Code::invalid, "is nothing that is known here"));
      case SocketRequest::What::sign_in:
        return sign_in(*request, std::move(reply));
      case SocketRequest::What::commands:
        return run(*request, message.in_flight_count, std::move(reply));
    }
  }

 private:
  Result<Asker> asker() const { return parts_.gate.check(title_, authorization_, player_); }

  static void refuse(SocketReply& reply, std::uint64_t id, const Error& error,
                     std::int64_t retry_s = 0) {
    std::optional<SocketEnd> end;
    if (error.code() == Code::unauthenticated)
      end = SocketEnd{http::socket_end::policy, "who asks does not count here, or no longer"};
    reply.send({.message = error_message(id, error, retry_s), .end = std::move(end)});
  }

  void sign_in(const SocketRequest& request, SocketReply reply) {
    authorization_ = "Bearer " + std::string(request.title_key());
    player_ = request.player_token();
    if (const auto found = asker(); !found.ok()) return refuse(reply, request.id(), found.error());
    reply.send({.message = signed_in_message(request.id(), parts_.clock.unix_ms()), .end = {}});
  }

  void run(const SocketRequest& request, std::size_t in_flight_count, SocketReply reply) {
    const std::uint64_t id = request.id();
    const auto found = asker();
    if (!found.ok()) return refuse(reply, id, found.error());
    auto schema = parts_.directory.schema_of(title_);
    if (schema == nullptr)
      return refuse(reply, id, Error(Code::not_found, "the title has no schema: put one first"));
    auto sent = request.commands({.title = title_, .player = found->player}, *schema);
    if (!sent.ok()) return refuse(reply, id, sent.error());
    if (in_flight_count > socket_in_flight_max) {
      const ToldAll told = parts_.commands.overloaded(*sent);
      return reply.send({.message = outcomes_message(id, told, schema->schema), .end = {}});
    }
    parts_.commands.run(
        title_, std::move(*sent), *request_->executor,
        [id, schema = std::move(schema), request = request_,
         reply = std::move(reply)](const ToldAll& told) mutable {
          reply.send({.message = outcomes_message(id, told, schema->schema), .end = {}});
        });
  }

  const SocketParts parts_;
  const TitleId title_;
  const RequestPtr request_;
  std::string authorization_;
  std::string player_;
};

}  // namespace

void add_socket_route(http::Router& router, SocketParts parts) {
  router.add_socket(
      "/v1/game/{title}/socket", {.cost = http::Cost::game, .body_size_max = 0},
      [parts](const RequestPtr& request) -> Result<http::OpenedSocket> {
        const auto title = parse_id_as<TitleId>(request->path_parameter("title"));
        const auto socket = std::make_shared<GameSocket>(parts, title.value_or(TitleId{}), request);
        TRY_ASSIGN(const bool is_signed_in, socket->is_signed_in());
        return http::OpenedSocket{
            .on_message = [socket](const SocketMessage& message,
                                   SocketReply reply) { socket->take(message, std::move(reply)); },
            .message_size_max = commands_size_max,
            .must_speak = !is_signed_in};
      });
}

}  // namespace matsuri::game
