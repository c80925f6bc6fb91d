#include "session.h"

#include <utility>

#include "codec.h"
#include "url.h"

namespace matsuri {
namespace {

constexpr int renewals_max = 2;  // of one call

}  // namespace

void Session::open(const GameOptions& game, Callback<GameSession> then) {
  game_ = game;
  then_ = std::move(then);
  player_token_.clear();
  refused_generation_ = 0;
  is_open_ = true;
  if (game.server_key.empty()) return;
  if (const Result<Done> claimed = core_.claim_queue("the server of title " + game.title);
      !claimed) {
    is_open_ = false;
    game_.server_key.clear();
    return tell(claimed.error());
  }
  tell(GameSession{{}, core_.clock.now_ms(), {}});
}

std::string Session::path(const std::string& rest) const {
  return "/v1/game/" + escaped(game_.title) + rest;
}

void Session::tick() {
  if (!is_open_ || !game_.server_key.empty()) return;
  if (!player_token_.empty() && player_ != core_.who.account) player_token_.clear();
  if (under_way_ || core_.who.account.empty()) return;
  if (core_.who.generation == refused_generation_) return;
  if (player_token_.empty() || wants_renewal_ || core_.clock.is_doubtful()) {
    under_way_ = true;
    wants_renewal_ = false;
    Call call;
    call.method = "POST";
    call.path = path("/sessions");
    call.body = title_key_body(game_.title_key);
    call.authorize = [this](HttpRequest& request) { core_.authorize(request); };
    call.done = [this, generation = core_.who.generation](const Answer& answer) {
      answered(answer, generation);
    };
    core_.net.call(std::move(call));
  }
}

void Session::renew() { wants_renewal_ = true; }

void Session::answered(const Answer& answer, std::uint64_t generation) {
  under_way_ = false;
  if (generation != core_.who.generation) return;  // Somebody else plays now.
  if (answer.error) {
    refused_generation_ = generation;
    return refused(*answer.error);
  }
  const Result<SessionAnswer> session = parse_session(answer.body);
  if (!session) {
    refused_generation_ = generation;
    return refused(session.error());
  }
  core_.clock.learn(session->server_time_ms, answer.sent_ms);
  player_token_ = session->player_token;
  player_ = core_.who.account;
  tell(GameSession{session->player, session->server_time_ms, session->player_token});
  std::vector<Waiting> waiting;
  waiting.swap(waiting_);
  for (Waiting& one : waiting) call_again(std::move(one.call), one.renewals);
}

void Session::refused(const Error& error) {
  player_token_.clear();
  if (then_)
    tell(error);
  else
    core_.notice(error);
  std::vector<Waiting> waiting;
  waiting.swap(waiting_);
  for (const Waiting& one : waiting) {
    Answer answer;
    answer.error = error;
    answer.error->code = Code::unauthenticated;
    one.call.done(answer);
  }
}

void Session::tell(Result<GameSession> result) {
  core_.tell(then_, std::move(result));
  then_ = nullptr;
}

void Session::authorize(HttpRequest& request) const {
  const bool is_server = !game_.server_key.empty();
  request.headers.emplace_back("Authorization",
                               "Bearer " + (is_server ? game_.server_key : game_.title_key));
  if (!is_server) request.headers.emplace_back("Matsuri-Player", player_token_);
}

void Session::call(Call call) {
  if (!is_open_) {
    Answer answer;
    answer.error = Error{Code::invalid, "no game is open: open_game() comes first", 0, 0};
    return call.done(answer);
  }
  call.authorize = [this, more = std::move(call.authorize)](HttpRequest& request) {
    authorize(request);
    if (more) more(request);
  };
  call_again(std::move(call), 0);
}

void Session::call_again(Call call, int renewals) {
  if (!is_ready()) {
    waiting_.push_back(Waiting{std::move(call), renewals});
    return;
  }
  if (!game_.server_key.empty()) return core_.net.call(std::move(call));
  Call watched = call;
  watched.done = [this, call = std::move(call), renewals, used = player_token_](Answer answer) {
    const bool void_now = answer.error && answer.error->code == Code::unauthenticated;
    if (!void_now || renewals == renewals_max) return call.done(std::move(answer));
    if (player_token_ == used) player_token_.clear();
    call_again(call, renewals + 1);
  };
  core_.net.call(std::move(watched));
}

}  // namespace matsuri
