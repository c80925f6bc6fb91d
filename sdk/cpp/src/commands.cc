#include "commands.h"

#include <algorithm>
#include <utility>

#include "json.h"
#include "url.h"

namespace matsuri {
namespace {

constexpr std::size_t batch_count_max = 1024;
constexpr std::size_t batch_size_max = 256 * 1024;
constexpr std::size_t batch_frame_size = 64;    // what is around the commands, at most
constexpr std::size_t command_frame_size = 80;  // key and link of one, at most
constexpr std::size_t chain_count_max = 64;
constexpr std::size_t tokens_count_max = 1024;
// The server takes keys of the next five seconds and of the last seven days. A new key is made well
// before that, where it can be.
constexpr std::int64_t key_ahead_ms_max = 2'000;
constexpr std::int64_t key_age_ms_max = std::int64_t{6} * 24 * 3600 * 1000;

}  // namespace

std::size_t Commands::Chain::size() const {
  std::size_t sum = 0;
  for (const std::string& inside : insides) sum += inside.size() + command_frame_size;
  return sum;
}

std::string Commands::payload_of(const Chain& chain) {
  return write_json(Json{{"commands", chain.insides},
                         {"keys", chain.keys},
                         {"title", chain.title},
                         {"arena", chain.arena},
                         {"reason", chain.reason},
                         {"guessed", chain.is_guessed}});
}

bool Commands::recover(const Queue::Item& item) {
  const Json json = parse_json(item.payload);
  Reader from(json);
  Chain chain;
  chain.id = item.id;
  chain.title = from.text("title");
  chain.arena = from.text("arena");
  chain.reason = from.text("reason");
  chain.is_guessed = from.flag("guessed");
  chain.is_recovered = true;
  chain.may_be_known = !chain.is_guessed;
  for (const Json& inside : from.array("commands"))
    if (inside.is_string()) chain.insides.push_back(inside.get_ref<const std::string&>());
  for (const Json& key : from.array("keys"))
    if (key.is_string()) chain.keys.push_back(key.get_ref<const std::string&>());
  if (!from.ok() || chain.keys.empty() || chain.keys.size() != chain.insides.size()) return false;
  if (!std::all_of(chain.keys.begin(), chain.keys.end(), is_key)) return false;
  waiting_.push_back(std::move(chain));
  return true;
}

std::string Commands::add(const std::vector<Command>& commands,
                          Callback<std::vector<Outcome>> then) {
  const auto refuse = [&](const Error& error) {
    core_.tell(then, Result<std::vector<Outcome>>(error));
    return std::string();
  };
  if (!session_.is_open())
    return refuse(Error{Code::invalid, "no game is open: open_game() comes first", 0, 0});
  if (commands.empty() || commands.size() > chain_count_max)
    return refuse(Error{Code::invalid, "1 to 64 commands can be linked", 0, 0});
  Chain chain;
  chain.title = session_.title();
  chain.arena = commands.front().arena();
  chain.reason = commands.front().reason();
  chain.is_guessed = !core_.clock.is_known();
  for (const Command& command : commands) {
    Result<std::string> inside = to_wire(command);
    if (!inside) return refuse(inside.error());
    chain.insides.push_back(std::move(*inside));
    chain.keys.push_back(core_.make_key());
  }
  if (chain.size() + batch_frame_size > batch_size_max)
    return refuse(Error{Code::invalid, "commands that are linked have 262144 bytes at most", 0, 0});
  const Result<std::uint64_t> id = core_.queue->add(payload_of(chain));
  if (!id) return refuse(id.error());
  chain.id = *id;
  chain.then = std::move(then);
  waiting_.push_back(std::move(chain));
  return waiting_.back().keys.front();
}

void Commands::tick() {
  if (!under_way_.empty() || !session_.is_ready()) return;
  const std::vector<Chain*> batch = gather();
  if (!batch.empty()) send(batch);
}

// What goes next: from the front, in order, and no further than the first that has to wait.
std::vector<Commands::Chain*> Commands::gather() {
  std::vector<Chain*> batch;
  std::size_t count = 0;
  std::size_t size = batch_frame_size;
  for (Chain& chain : waiting_) {
    if (chain.title != session_.title()) continue;
    if (chain.is_held || chain.not_before_ms > core_.net.now_ms()) break;
    count += chain.keys.size();
    size += chain.size();
    if (count > batch_count_max || size > batch_size_max) break;
    if (one_by_one_ > 0 && !batch.empty()) break;
    if (!make_keys_good(chain)) break;
    batch.push_back(&chain);
  }
  return batch;
}

// Before a key that was made by the device's clock is sent for the first time: does the server's
// clock agree? False where a new one could not be stored.
bool Commands::make_keys_good(Chain& chain) {
  if (!chain.is_guessed) return true;
  Chain good = chain;
  good.is_guessed = false;
  const std::int64_t now = core_.clock.now_ms();
  for (std::string& key : good.keys) {
    const std::int64_t of_key = unix_ms_of_key(key);
    if (of_key > now + key_ahead_ms_max || of_key < now - key_age_ms_max) key = core_.make_key();
  }
  if (const Result<Done> stored = core_.queue->change(chain.id, payload_of(good)); !stored) {
    core_.notice(stored.error());
    try_later(chain);
    return false;
  }
  chain = std::move(good);
  return true;
}

void Commands::send(const std::vector<Chain*>& batch) {
  Call call;
  call.method = "POST";
  call.path = session_.path("/commands");
  call.body = "{\"commands\":[";
  for (Chain* chain : batch) {
    under_way_.push_back(chain->id);
    for (std::size_t i = 0; i < chain->keys.size(); ++i) {
      if (call.body.back() == '}') call.body += ',';
      call.body += "{\"key\":\"" + chain->keys[i] + "\",";
      if (i + 1 < chain->keys.size()) call.body += "\"linked\":true,";
      call.body += chain->insides[i] + "}";
    }
  }
  call.body += "]}";
  call.done = [this](Answer answer) { answered(std::move(answer)); };
  session_.call(std::move(call));
}

void Commands::answered(Answer answer) {
  std::vector<std::uint64_t> batch;
  batch.swap(under_way_);
  if (one_by_one_ > 0) --one_by_one_;
  std::vector<Chain*> chains;
  std::size_t command_count = 0;
  for (Chain& chain : waiting_) {  // The batch is part of them, in the same order.
    if (chains.size() == batch.size()) break;
    if (chain.id != batch[chains.size()]) continue;
    chains.push_back(&chain);
    command_count += chain.keys.size();
    chain.may_be_known |= answer.unclear > 0;
  }
  // No session can be had, or the key of a server does not count: all of it stays where it is.
  if (answer.error && answer.error->code == Code::unauthenticated) {
    core_.notice(*answer.error);
    return try_later(*chains.front());
  }
  if (answer.error && answer.error->code == Code::invalid && batch.size() > 1) {
    one_by_one_ = batch.size();  // One of them spoils it for the others.
    return;
  }
  Result<OutcomesAnswer> outcomes =
      answer.error ? Result<OutcomesAnswer>(*answer.error) : parse_outcomes(answer.body);
  if (outcomes && outcomes->outcomes.size() != command_count)
    outcomes = Error{Code::corrupt, "the answer has another number of outcomes", 0, 0};
  std::size_t at = 0;
  for (Chain* chain : chains) {
    if (!outcomes) {
      finish(*chain, outcomes.error());
      continue;
    }
    if (tokens_.size() >= tokens_count_max) tokens_.clear();
    if (!outcomes->token.empty()) tokens_[chain->arena] = outcomes->token;
    const WireOutcome* first = outcomes->outcomes.data() + at;
    at += chain->keys.size();
    decided(*chain, first);
  }
  sweep();
}

void Commands::decided(Chain& chain, const WireOutcome* outcomes) {
  using Again = WireOutcome::Again;
  const std::size_t count = chain.keys.size();
  const auto some = [&](Again again) {
    return std::find_if(outcomes, outcomes + count,
                        [again](const WireOutcome& one) { return one.again == again; });
  };
  if (const WireOutcome* found = some(Again::look_up); found != outcomes + count) {
    chain.may_be_known = true;
    return ask_for(chain, chain.keys[static_cast<std::size_t>(found - outcomes)]);
  }
  if (some(Again::another_key) != outcomes + count) {
    session_.renew();
    // Known by nobody, it may have another key; else its own becomes good with time.
    if (!chain.may_be_known && !chain.is_recovered) chain.is_guessed = true;
    return try_later(chain);
  }
  if (some(Again::later) != outcomes + count) return try_later(chain);
  std::vector<Outcome> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(outcomes[i].outcome);
  finish(chain, all);
}

// The server itself did not know. Where it has decided by now, that is the outcome (of a chain, all
// of it is told again when it is sent again); else the same key is sent again.
void Commands::ask_for(Chain& chain, const std::string& key) {
  chain.is_held = true;
  Call call;
  call.path = session_.path("/commands/" + escaped(key));
  add_query(call.path, "arena", chain.arena);
  call.tries_max = core_.tries_max;
  call.done = [this, id = chain.id](const Answer& answer) {
    Chain* held = find(id);
    if (held == nullptr) return;
    held->is_held = false;
    if (answer.error && answer.error->code != Code::not_found) return try_later(*held);
    if (answer.error || held->keys.size() > 1) return;
    Result<WireOutcome> outcome = parse_looked_up(answer.body);
    if (!outcome || outcome->again != WireOutcome::Again::no) return try_later(*held);
    finish(*held, std::vector<Outcome>{std::move(outcome->outcome)});
    sweep();
  };
  session_.call(std::move(call));
}

void Commands::try_later(Chain& chain) {
  ++chain.tries;
  chain.not_before_ms = core_.net.now_ms() + core_.net.backoff_ms(chain.tries);
}

void Commands::finish(Chain& chain, const Result<std::vector<Outcome>>& outcomes) {
  core_.queue->remove(chain.id);
  chain.id = 0;
  if (!chain.is_recovered) return core_.tell(chain.then, outcomes);
  if (!core_.on_recovered) return;
  Recovered recovered;
  recovered.key = chain.keys.front();
  recovered.what = "commands";
  recovered.reason = chain.reason;
  if (outcomes)
    recovered.outcomes = *outcomes;
  else
    recovered.error = outcomes.error();
  core_.ready.push_back([heard = core_.on_recovered, recovered] { heard(recovered); });
}

void Commands::sweep() {
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(),
                                [](const Chain& chain) { return chain.id == 0; }),
                 waiting_.end());
}

Commands::Chain* Commands::find(std::uint64_t id) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [id](const Chain& chain) { return chain.id == id; });
  return found == waiting_.end() ? nullptr : &*found;
}

void Commands::look_up(const std::string& arena, const std::string& key, Callback<Outcome> then) {
  Call call;
  call.path = session_.path("/commands/" + escaped(key));
  add_query(call.path, "arena", arena);
  call.tries_max = core_.tries_max;
  call.done = [this, then = std::move(then)](const Answer& answer) {
    if (answer.error) return core_.tell(then, Result<Outcome>(*answer.error));
    Result<WireOutcome> outcome = parse_looked_up(answer.body);
    if (!outcome) return core_.tell(then, Result<Outcome>(outcome.error()));
    if (outcome->again != WireOutcome::Again::no)
      return core_.tell(then, Result<Outcome>(Error{Code::busy, "not known yet", 0, 0}));
    core_.tell(then, Result<Outcome>(std::move(outcome->outcome)));
  };
  session_.call(std::move(call));
}

void Commands::get_entity(const std::string& arena, const EntityRef& entity,
                          Consistency consistency, Callback<EntityRead> then) {
  Call call;
  call.path = session_.path("/entities/" + escaped(arena) + "/" + escaped(entity.name().kind) +
                            "/" + escaped(entity.name().id));
  const auto token = tokens_.find(arena);
  if (consistency == Consistency::any) {
    add_query(call.path, "consistency", "any");
  } else if (consistency == Consistency::at_least && token != tokens_.end()) {
    add_query(call.path, "consistency", "at_least");
    add_query(call.path, "token", token->second);
  }
  call.tries_max = core_.tries_max;
  call.done = [this, then = std::move(then)](const Answer& answer) {
    if (answer.error) return core_.tell(then, Result<EntityRead>(*answer.error));
    Result<EntityAnswer> read = parse_entity(answer.body);
    if (!read) return core_.tell(then, Result<EntityRead>(read.error()));
    core_.tell(then, Result<EntityRead>(std::move(read->read)));
  };
  session_.call(std::move(call));
}

}  // namespace matsuri
