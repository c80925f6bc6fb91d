// The one class that a game talks to.
//
// Every method returns at once; what it brought is told to its callback inside tick(). A game calls
// tick() once a frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "matsuri/community.h"
#include "matsuri/game.h"
#include "matsuri/result.h"
#include "matsuri/trade.h"
#include "matsuri/transport.h"

namespace matsuri {

// A post or a command that an earlier run of the game left in the queue was answered now.
struct Recovered {
  std::string key;                // what the method that queued it had returned
  std::string what;               // post, comment, delete, empathy or commands
  std::string reason;             // of the first command
  std::optional<Post> post;       // of a post or comment
  std::vector<Outcome> outcomes;  // of commands, in their order
  std::optional<Error> error;     // why it will not be done, and nothing of the above is there
};

struct ClientOptions {
  std::string server;  // "https://matsuri.example", without a path

  // Each has a default, see transport.h.
  std::unique_ptr<Transport> transport;
  std::unique_ptr<Clock> clock;
  Random random;

  // Keeps the queue over a restart. Without it, the queue lives as long as the client.
  std::unique_ptr<Storage> storage;
  std::size_t queue_count_max = 1024;        // posts, empathies and chains of commands that wait
  std::size_t queue_size_max = 1024 * 1024;  // bytes of them
  std::function<void(const Recovered&)> on_recovered;

  // What the client cannot tell to any callback: trouble that holds the queue up, a damaged file.
  std::function<void(const Error&)> on_notice;

  std::int64_t request_timeout_ms = 10'000;
  int tries_max = 4;  // of a read, before its callback hears Code::unreachable or Code::busy
  std::int64_t backoff_ms_min = 250;
  std::int64_t backoff_ms_max = 30'000;
};

struct Status {
  bool online = false;  // the last request was answered
  std::size_t queued_count = 0;
  std::size_t queued_size = 0;  // bytes
  Id account;                   // who is signed in; empty where nobody is
  bool in_game = false;         // open_game() was answered, and commands go out
};

using FollowId = std::uint64_t;

// A player's line to one server.
//
// Threads: every method may be called from any thread, tick() from one at a time. Callbacks run
// inside tick() only, one after the other, on the thread that called it, and without a lock held:
// they may call any method but tick(), and not destroy the client. No method waits for the network
// or a disk.
//
// Retries: what was not answered, and what was answered with 429 or 5xx, is sent again after a
// growing, jittered pause, not before Retry-After. Reads give up after `tries_max`. Posts,
// empathies and commands never do: they wait in a queue, in their order, under a key of their own
// that stays the same, so they take effect once however often they are sent. The queue is bounded;
// where it is full, the callback of the one that found no place hears Code::exhausted.
//
// A read that follows a write sees it: the client carries `Matsuri-Position` by itself.
//
// Destroying the client ends what is under way and calls nobody. What waits in the queue stays in
// its storage.
class Client {
 public:
  // Code::invalid where the server's address is none, Code::io where the storage cannot be read.
  static Result<std::unique_ptr<Client>> open(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends, receives, and runs the callbacks of what was answered.
  void tick();
  Status status() const;

  // ------------------------------------------------------------------------------ who plays

  // Whoever signed in before is signed out here. A queue belongs to one account for as long as
  // something is in it: somebody else hears Code::conflict, and is not signed in.
  void sign_up(const NewAccount& account, Callback<Account> then);
  void log_in(const Credentials& credentials, Callback<Account> then);
  // Signs in with a bearer token ("mt_..."), and says whose it is. Waits until the server can be
  // reached, so a game may start offline.
  void use_token(const std::string& token, Callback<Account> then);
  // Makes a bearer token, to be kept by the game for its next start; at most 50 of an account.
  void create_token(const std::string& label, Callback<std::string> then);
  // Ends the session that sign_up() or log_in() began. A bearer token is only forgotten.
  void log_out(Callback<Done> then);

  // -------------------------------------------------------------------------------- community

  void get_title(const Id& title, Callback<Title> then);
  void list_communities(const Id& title, const PageRequest& page, Callback<CommunityPage> then);
  void list_posts(const Feed& feed, Callback<PostPage> then);
  void list_timeline(const PageRequest& page, Callback<PostPage> then);
  void get_post(const Id& post, Callback<Post> then);
  void get_drawing(const Id& post, Callback<Drawing> then);
  void list_comments(const Id& post, const PageRequest& page, Callback<PostPage> then);
  void list_empathies(const Id& post, const PageRequest& page, Callback<PeoplePage> then);
  void find_fate(const std::string& position, Callback<Fate> then);

  // These wait in the queue until they are answered, and return the key that they have there. What
  // has waited for six days is given up, because the server keeps keys for seven.
  std::string create_post(const Id& community, const NewPost& post, Callback<Post> then);
  std::string create_comment(const Id& post, const NewPost& comment, Callback<Post> then);
  std::string delete_post(const Id& post, Callback<Done> then);
  // Feels empathy with a post, or takes it back.
  std::string set_empathy(const Id& post, bool felt, Callback<Done> then);

  // ------------------------------------------------------------------------------- game state

  // Begins to play a title as who is signed in, or as the title's server. The session begins as
  // soon as there is an account and the server answers, and is renewed by itself.
  void open_game(const GameOptions& game, Callback<GameSession> then);
  // The server's clock in milliseconds since 1970, learnt when the session began; until then the
  // device's own.
  std::int64_t server_time_ms() const;

  // Queues a command of the open game, and returns its key. Commands that wait go together, in
  // their order; while one batch is under way the next one gathers. Where the device's clock was
  // wrong and no server had told the time yet, the key is made anew before it is first sent:
  // Outcome::key is the one that counts.
  std::string send(const Command& command, Callback<Outcome> then);
  // All or none; at most 64, of one arena. Returns the key of the first.
  std::string send_linked(const std::vector<Command>& chain, Callback<std::vector<Outcome>> then);
  // What became of a command, by its key. Code::not_found: it was not executed so far.
  void look_up(const std::string& arena, const std::string& key, Callback<Outcome> then);
  void get_entity(const std::string& arena, const EntityRef& entity, Consistency consistency,
                  Callback<EntityRead> then);
  // Calls `then` with what happens, again and again, until unfollow() or an error that stays: after
  // that, never again. A lost connection is no such error.
  FollowId follow(const ChangesRequest& request, Callback<Changes> then);
  void unfollow(FollowId follow);
  // With a server key. Returns the trade's key, which stays the same however often it is sent. It
  // is sent until it is answered, but does not wait in the queue: what a server that ends has
  // proposed is decided without it, and look_up_trade() tells how.
  std::string propose(const Trade& trade, Callback<TradeOutcome> then);
  // Code::not_found: there is no trade with this key.
  void look_up_trade(const std::string& key, Callback<TradeOutcome> then);
  // Kinds, fields, bounds and what players may do, as JSON. With a server key.
  void put_schema(const std::string& schema, Callback<Done> then);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri
