// Playing one title: the player token, begun as soon as it can be and renewed when it no longer
// counts; or the key of the title's own server.
#pragma once

#include <string>
#include <vector>

#include "core.h"

namespace matsuri {

class Session {
 public:
  explicit Session(Core& core) : core_(core) {}

  void open(const GameOptions& game, Callback<GameSession> then);
  void tick();

  bool is_open() const { return is_open_; }
  bool is_ready() const { return !game_.server_key.empty() || !player_token_.empty(); }
  const std::string& title() const { return game_.title; }
  // "/v1/game/{title}", and what follows.
  std::string path(const std::string& rest) const;

  // Calls as the player, with what `call.authorize` adds. Waits for a session where there is none;
  // begins a new one where the server does not know this one any more. Code::unauthenticated: none
  // can be had.
  void call(Call call);
  // Learns the server's time again.
  void renew();

 private:
  void call_again(Call call, int renewals);
  void authorize(HttpRequest& request) const;
  void answered(const Answer& answer, std::uint64_t generation);
  void refused(const Error& error);
  void tell(Result<GameSession> result);

  Core& core_;
  GameOptions game_;
  bool is_open_ = false;
  Callback<GameSession> then_;
  std::string player_token_;
  Id player_;
  bool under_way_ = false;
  bool wants_renewal_ = false;
  std::uint64_t refused_generation_ = 0;  // of the identity that got no session
  struct Waiting {
    Call call;
    int renewals = 0;
  };
  std::vector<Waiting> waiting_;
};

}  // namespace matsuri
