// See matsuri/client.h.
#include "matsuri/client.h"

#include <mutex>
#include <utility>

#include "codec.h"
#include "commands.h"
#include "core.h"
#include "follows.h"
#include "session.h"
#include "url.h"
#include "writes.h"

namespace matsuri {

class Client::Impl {
 public:
  Impl(NetOptions net_options, ClientOptions& options, std::unique_ptr<Queue> queue)
      : core(std::move(net_options), options, std::move(queue)) {}

  void recover();
  void tick();

  // Reads something as who is signed in.
  template <typename T>
  void read(std::string path, Callback<T> then, Result<T> (*parse)(const std::string&)) {
    Call call;
    call.path = std::move(path);
    call.authorize = [this](HttpRequest& request) { core.authorize(request); };
    call.position = Call::Position::read;
    call.tries_max = core.tries_max;
    call.done = [this, then = std::move(then), parse](const Answer& answer) {
      if (answer.error) return core.tell(then, Result<T>(*answer.error));
      Result<T> value = parse(answer.body);
      if constexpr (std::is_same_v<T, PostPage> || std::is_same_v<T, PeoplePage>)
        if (value) value->stale = answer.stale;
      core.tell(then, std::move(value));
    };
    core.net.call(std::move(call));
  }

  // Sends something once that has no key: only what the server refused for now is sent again.
  Call strict(const std::string& method, const std::string& path, std::string body);
  void begin(const std::string& path, std::string body, Callback<Account> then);

  mutable std::mutex mutex;
  Core core;
  Session session{core};
  Writes writes{core};
  Commands commands{core, session};
  Follows follows{core, session};
};

void Client::Impl::recover() {
  if (core.queue->was_damaged())
    core.notice(Error{Code::corrupt, "the queue was damaged; what can be read goes on", 0, 0});
  std::vector<std::uint64_t> unknown;
  for (const Queue::Item& item : core.queue->items())
    if (!writes.recover(item) && !commands.recover(item)) unknown.push_back(item.id);
  for (const std::uint64_t id : unknown) core.queue->remove(id);
  if (!unknown.empty())
    core.notice(Error{Code::corrupt,
                      std::to_string(unknown.size()) + " requests of the queue cannot be read", 0,
                      0});
}

void Client::Impl::tick() {
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex);
    core.net.poll();
    session.tick();
    writes.tick();
    commands.tick();
    ready.swap(core.ready);
  }
  for (const std::function<void()>& callback : ready) callback();
}

Call Client::Impl::strict(const std::string& method, const std::string& path, std::string body) {
  Call call;
  call.method = method;
  call.path = path;
  call.body = std::move(body);
  call.again_if_unclear = false;
  call.tries_max = core.tries_max;
  return call;
}

void Client::Impl::begin(const std::string& path, std::string body, Callback<Account> then) {
  Call call = strict("POST", path, std::move(body));
  call.done = [this, then = std::move(then)](const Answer& answer) {
    if (answer.error) return core.tell(then, Result<Account>(*answer.error));
    Result<Account> account = parse_account(answer.body);
    if (!account) return core.tell(then, std::move(account));
    Identity identity;
    identity.cookie = answer.cookie;
    identity.account = account->id;
    if (const Result<Done> signed_in = core.sign_in(std::move(identity)); !signed_in)
      return core.tell(then, Result<Account>(signed_in.error()));
    core.tell(then, std::move(account));
  };
  core.net.call(std::move(call));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(ClientOptions options) {
  while (!options.server.empty() && options.server.back() == '/') options.server.pop_back();
  if (options.server.rfind("http://", 0) != 0 && options.server.rfind("https://", 0) != 0)
    return Error{Code::invalid, "server: has to begin with http:// or https://", 0, 0};
  if (options.transport == nullptr) options.transport = make_curl_transport();
  if (options.clock == nullptr) options.clock = make_clock();
  if (!options.random) options.random = make_random();
  Result<std::unique_ptr<Queue>> queue = Queue::open(
      std::move(options.storage), QueueLimits{options.queue_count_max, options.queue_size_max});
  if (!queue) return queue.error();
  NetOptions net_options{options.server, options.request_timeout_ms, options.backoff_ms_min,
                         options.backoff_ms_max};
  auto impl = std::make_unique<Impl>(std::move(net_options), options, std::move(*queue));
  impl->recover();
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

void Client::tick() { impl_->tick(); }

Status Client::status() const {
  const std::lock_guard lock(impl_->mutex);
  const Core& core = impl_->core;
  return Status{core.net.online(), core.queue->count(), core.queue->size(), core.who.account,
                impl_->session.is_ready()};
}

// ------------------------------------------------------------------------------------ who plays

void Client::sign_up(const NewAccount& account, Callback<Account> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->begin("/v1/accounts", to_body(account), std::move(then));
}

void Client::log_in(const Credentials& credentials, Callback<Account> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->begin("/v1/sessions", to_body(credentials), std::move(then));
}

void Client::use_token(const std::string& token, Callback<Account> then) {
  const std::lock_guard lock(impl_->mutex);
  Core& core = impl_->core;
  Call call;
  call.path = "/v1/accounts/me";
  call.authorize = [token](HttpRequest& request) {
    request.headers.emplace_back("Authorization", "Bearer " + token);
  };
  call.done = [&core, token, then = std::move(then)](const Answer& answer) {
    if (answer.error) return core.tell(then, Result<Account>(*answer.error));
    Result<Account> account = parse_account(answer.body);
    if (!account) return core.tell(then, std::move(account));
    Identity identity;
    identity.token = token;
    identity.account = account->id;
    if (const Result<Done> signed_in = core.sign_in(std::move(identity)); !signed_in)
      return core.tell(then, Result<Account>(signed_in.error()));
    core.tell(then, std::move(account));
  };
  core.net.call(std::move(call));
}

void Client::create_token(const std::string& label, Callback<std::string> then) {
  const std::lock_guard lock(impl_->mutex);
  Core& core = impl_->core;
  Call call = impl_->strict("POST", "/v1/tokens", label_body(label));
  call.authorize = [&core](HttpRequest& request) { core.authorize(request); };
  call.done = [&core, then = std::move(then)](const Answer& answer) {
    core.tell(then, answer.error ? Result<std::string>(*answer.error) : parse_token(answer.body));
  };
  core.net.call(std::move(call));
}

void Client::log_out(Callback<Done> then) {
  const std::lock_guard lock(impl_->mutex);
  Core& core = impl_->core;
  const std::string cookie = core.who.cookie;
  core.who = Identity{{}, {}, {}, core.who.generation + 1};
  core.net.forget_position();
  if (cookie.empty()) return core.tell(then, Result<Done>(Done{}));
  Call call = impl_->strict("DELETE", "/v1/sessions/current", {});
  call.authorize = [cookie, server = core.net.server()](HttpRequest& request) {
    request.headers.emplace_back("Cookie", cookie);
    request.headers.emplace_back("Origin", server);
  };
  call.done = [&core, then = std::move(then)](const Answer& answer) {
    core.tell(then, answer.error ? Result<Done>(*answer.error) : Result<Done>(Done{}));
  };
  core.net.call(std::move(call));
}

// ------------------------------------------------------------------------------------ community

namespace {

void add_page(std::string& path, const PageRequest& page, const char* cursor) {
  add_query(path, "limit", std::to_string(page.limit));
  add_query(path, cursor, page.from);
}

}  // namespace

void Client::get_title(const Id& title, Callback<Title> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->read("/v1/titles/" + escaped(title), std::move(then), parse_title);
}

void Client::list_communities(const Id& title, const PageRequest& page,
                              Callback<CommunityPage> then) {
  const std::lock_guard lock(impl_->mutex);
  std::string path = "/v1/communities";
  add_query(path, "title", title);
  add_page(path, page, "before");
  impl_->read(std::move(path), std::move(then), parse_communities);
}

void Client::list_posts(const Feed& feed, Callback<PostPage> then) {
  const std::lock_guard lock(impl_->mutex);
  std::string path = "/v1/communities/" + escaped(feed.community) + "/posts";
  if (feed.sort == Sort::hot) add_query(path, "sort", "hot");
  if (feed.sort == Sort::popular) add_query(path, "sort", "popular");
  add_query(path, "day", feed.day);
  add_page(path, feed.page, "before");
  impl_->read(std::move(path), std::move(then), parse_posts);
}

void Client::list_timeline(const PageRequest& page, Callback<PostPage> then) {
  const std::lock_guard lock(impl_->mutex);
  std::string path = "/v1/timeline";
  add_page(path, page, "before");
  impl_->read(std::move(path), std::move(then), parse_posts);
}

void Client::get_post(const Id& post, Callback<Post> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->read("/v1/posts/" + escaped(post), std::move(then), parse_post);
}

void Client::get_drawing(const Id& post, Callback<Drawing> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->read("/v1/posts/" + escaped(post) + "/drawing", std::move(then), parse_drawing);
}

void Client::list_comments(const Id& post, const PageRequest& page, Callback<PostPage> then) {
  const std::lock_guard lock(impl_->mutex);
  std::string path = "/v1/posts/" + escaped(post) + "/comments";
  add_page(path, page, "after");
  impl_->read(std::move(path), std::move(then), parse_posts);
}

void Client::list_empathies(const Id& post, const PageRequest& page, Callback<PeoplePage> then) {
  const std::lock_guard lock(impl_->mutex);
  std::string path = "/v1/posts/" + escaped(post) + "/empathies";
  add_page(path, page, "before");
  impl_->read(std::move(path), std::move(then), parse_people);
}

void Client::find_fate(const std::string& position, Callback<Fate> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->read("/v1/commands/" + escaped(position), std::move(then), parse_fate);
}

namespace {

// What hears of a write whose answer is a post.
std::function<void(const Answer&)> posted(Core& core, Callback<Post> then) {
  return [&core, then = std::move(then)](const Answer& answer) {
    core.tell(then, answer.error ? Result<Post>(*answer.error) : parse_post(answer.body));
  };
}

std::function<void(const Answer&)> done(Core& core, Callback<Done> then) {
  return [&core, then = std::move(then)](const Answer& answer) {
    core.tell(then, answer.error ? Result<Done>(*answer.error) : Result<Done>(Done{}));
  };
}

Write write_of(const char* what, const char* method, std::string path, std::string body,
               std::function<void(const Answer&)> then) {
  Write write;
  write.what = what;
  write.method = method;
  write.path = std::move(path);
  write.body = std::move(body);
  write.then = std::move(then);
  return write;
}

}  // namespace

std::string Client::create_post(const Id& community, const NewPost& post, Callback<Post> then) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writes.add(write_of("post", "POST",
                                    "/v1/communities/" + escaped(community) + "/posts",
                                    to_body(post), posted(impl_->core, std::move(then))));
}

std::string Client::create_comment(const Id& post, const NewPost& comment, Callback<Post> then) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writes.add(write_of("comment", "POST", "/v1/posts/" + escaped(post) + "/comments",
                                    to_body(comment), posted(impl_->core, std::move(then))));
}

std::string Client::delete_post(const Id& post, Callback<Done> then) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writes.add(write_of("delete", "DELETE", "/v1/posts/" + escaped(post), {},
                                    done(impl_->core, std::move(then))));
}

std::string Client::set_empathy(const Id& post, bool felt, Callback<Done> then) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writes.add(write_of("empathy", felt ? "PUT" : "DELETE",
                                    "/v1/posts/" + escaped(post) + "/empathy", {},
                                    done(impl_->core, std::move(then))));
}

// ----------------------------------------------------------------------------------- game state

void Client::open_game(const GameOptions& game, Callback<GameSession> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->session.open(game, std::move(then));
}

std::int64_t Client::server_time_ms() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->core.clock.now_ms();
}

std::string Client::send(const Command& command, Callback<Outcome> then) {
  const std::lock_guard lock(impl_->mutex);
  Callback<std::vector<Outcome>> one;
  if (then) {
    one = [then = std::move(then)](const Result<std::vector<Outcome>>& outcomes) {
      then(outcomes ? Result<Outcome>(outcomes->front()) : Result<Outcome>(outcomes.error()));
    };
  }
  return impl_->commands.add({command}, std::move(one));
}

std::string Client::send_linked(const std::vector<Command>& chain,
                                Callback<std::vector<Outcome>> then) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->commands.add(chain, std::move(then));
}

void Client::look_up(const std::string& arena, const std::string& key, Callback<Outcome> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->commands.look_up(arena, key, std::move(then));
}

void Client::get_entity(const std::string& arena, const EntityRef& entity, Consistency consistency,
                        Callback<EntityRead> then) {
  const std::lock_guard lock(impl_->mutex);
  impl_->commands.get_entity(arena, entity, consistency, std::move(then));
}

FollowId Client::follow(const ChangesRequest& request, Callback<Changes> then) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->follows.add(request, std::move(then));
}

void Client::unfollow(FollowId follow) {
  const std::lock_guard lock(impl_->mutex);
  impl_->follows.remove(follow);
}

namespace {

std::function<void(const Answer&)> traded(Core& core, Callback<TradeOutcome> then) {
  return [&core, then = std::move(then)](const Answer& answer) {
    core.tell(then, answer.error ? Result<TradeOutcome>(*answer.error)
                                 : parse_trade_outcome(answer.body));
  };
}

}  // namespace

std::string Client::propose(const Trade& trade, Callback<TradeOutcome> then) {
  const std::lock_guard lock(impl_->mutex);
  std::string key = trade.key().empty() ? impl_->core.make_key() : trade.key();
  Call call;
  call.method = "POST";
  call.path = impl_->session.path("/trades");
  call.body = to_body(trade, key);
  if (!trade.player_token().empty())
    call.authorize = [token = trade.player_token()](HttpRequest& request) {
      request.headers.emplace_back("Matsuri-Player", token);
    };
  call.done = traded(impl_->core, std::move(then));
  impl_->session.call(std::move(call));
  return key;
}

void Client::look_up_trade(const std::string& key, Callback<TradeOutcome> then) {
  const std::lock_guard lock(impl_->mutex);
  Call call;
  call.path = impl_->session.path("/trades/" + escaped(key));
  call.tries_max = impl_->core.tries_max;
  call.done = traded(impl_->core, std::move(then));
  impl_->session.call(std::move(call));
}

void Client::put_schema(const std::string& schema, Callback<Done> then) {
  const std::lock_guard lock(impl_->mutex);
  Core& core = impl_->core;
  Call call;
  call.method = "PUT";
  call.path = impl_->session.path("/schema");
  call.body = schema;
  call.tries_max = core.tries_max;
  call.done = done(core, std::move(then));
  impl_->session.call(std::move(call));
}

}  // namespace matsuri
