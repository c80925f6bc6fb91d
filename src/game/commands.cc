// A request is cut into chains, each of them goes to its shard, and the last one that comes back
// answers: on the shard's thread an outcome is only put in its place.
#include "game/commands.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/sentence.h"
#include "game/render.h"
#include "json/writer.h"
#include "sequencer/decide.h"
#include "sequencer/sql_store.h"
#include "sql/call.h"

namespace matsuri::game {
namespace {

using sequencer::Chain;
using sequencer::Outcome;
using sequencer::StoredCommand;
using sequencer::Verdict;

constexpr std::array verdicts = {
    Verdict::applied,         Verdict::rejected,   Verdict::version_mismatch,
    Verdict::linked_failed,   Verdict::overloaded, Verdict::not_owner,
    Verdict::invalid,         Verdict::key_reuse,  Verdict::key_too_old,
    Verdict::key_from_future, Verdict::unknown};

// Labels, in the order of Consistency and of Commands::From.
constexpr std::array<std::string_view, 3> consistencies = {"linearizable", "at_least", "any"};
constexpr std::array<std::string_view, 3> froms = {"order", "primary", "replica"};

Outcome invalid(std::string message) {
  return {.verdict = Verdict::invalid, .message = std::move(message)};
}

io::InlineExecutor& on_shard() {
  static io::InlineExecutor executor;
  return executor;
}

Error not_now() { return {Code::busy, "the shard does not answer now: try again in a moment"}; }

}  // namespace

// One request on its way.
class Commands::Run : public std::enable_shared_from_this<Commands::Run> {
 public:
  Run(Commands& commands, TitleId title, std::vector<SentCommand> sent, io::Executor& executor,
      std::move_only_function<void(ToldAll)> done)
      : commands_(commands),
        title_(title),
        sent_(std::move(sent)),
        executor_(executor),
        done_(std::move(done)),
        seqs_(commands.parts_.shards.size()) {
    told_.outcomes.resize(sent_.size());
  }

  void start() {
    const auto schema = commands_.parts_.directory.schema_of(title_);
    const std::int64_t now_us = commands_.parts_.clock.monotonic_us();
    std::vector<Sent> chains;
    for (std::size_t first = 0; first < sent_.size();) {
      std::size_t last = first;
      while (last < sent_.size() && sent_[last].is_linked) ++last;
      const std::size_t end = std::min(last + 1, sent_.size());
      take_names(first, end);
      if (std::optional<Chain> chain = chain_of(first, end, *schema, now_us))
        chains.push_back({first, std::move(*chain)});
      first = end;
    }
    left_ = chains.size() + 1;
    for (Sent& one : chains) {
      const std::string arena = one.chain.commands.front().entities.front().arena;
      commands_.parts_.sequencer.submit(
          title_, arena, std::move(one.chain), on_shard(),
          [self = shared_from_this(), first = one.first](sequencer::Answer answer) {
            self->take(first, std::move(answer));
          });
    }
    finish_one();
  }

 private:
  struct Sent {
    std::size_t first;
    Chain chain;
  };

  // Outcomes name entities by index, and the sequencer keeps the commands.
  void take_names(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      Told& told = told_.outcomes[i];
      if (sent_[i].has_key) told.key = sent_[i].command.key;
      for (const sequencer::EntityName& name : sent_[i].command.entities)
        told.entities.emplace_back(name.kind, name.id);
    }
  }

  // The commands from `first` on, moved away; nullopt where one of them is wrong, and all have an
  // outcome.
  std::optional<Chain> chain_of(std::size_t first, std::size_t end, const TitleSchema& schema,
                                std::int64_t now_us) {
    std::int64_t deadline_ms = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = first; i < end; ++i) {
      if (!sent_[i].wrong.empty()) return refuse(first, end, i, std::move(sent_[i].wrong));
      if (sent_[i].deadline_ms != 0) deadline_ms = std::min(deadline_ms, sent_[i].deadline_ms);
    }
    if (sent_[end - 1].is_linked)
      return refuse(first, end, end - 1, "linked: there is no next command");
    Chain chain;
    if (deadline_ms <= deadline_ms_max) chain.deadline_us = now_us + deadline_ms * 1000;
    chain.commands.reserve(end - first);
    for (std::size_t i = first; i < end; ++i) chain.commands.push_back(std::move(sent_[i].command));
    if (end - first == 1) return chain;  // parse_commands() has checked it
    if (const auto checked = sequencer::check(chain, schema.schema); !checked.ok())
      return refuse(first, end, first, checked.error().message());
    return chain;
  }

  std::nullopt_t refuse(std::size_t first, std::size_t end, std::size_t wrong,
                        std::string message) {
    for (std::size_t i = first; i < end; ++i)
      told_.outcomes[i].outcome =
          i == wrong ? invalid(std::move(message))
                     : invalid(sentence("is linked with command ", wrong, ", which is invalid"));
    return std::nullopt;
  }

  // On the shard's thread.
  void take(std::size_t first, sequencer::Answer answer) {
    bool is_applied = false;
    for (std::size_t i = 0; i < answer.outcomes.size(); ++i) {
      Outcome& outcome = answer.outcomes[i];
      is_applied = is_applied || (outcome.verdict == Verdict::applied && !outcome.duplicate);
      told_.outcomes[first + i].outcome = std::move(outcome);
    }
    std::atomic<std::uint64_t>& seq = seqs_[answer.shard];
    std::uint64_t before = seq.load(std::memory_order_relaxed);
    while (before < answer.seq && !seq.compare_exchange_weak(before, answer.seq)) {
    }
    if (is_applied && commands_.parts_.on_applied)
      commands_.parts_.on_applied(answer.shard, answer.seq);
    finish_one();
  }

  void finish_one() {
    if (left_.fetch_sub(1) != 1) return;
    const std::vector<ShardDb>& shards = commands_.parts_.shards;
    for (std::size_t i = 0; i < shards.size(); ++i)
      if (const std::uint64_t seq = seqs_[i]; seq != 0)
        told_.token.raise(shards[i].incarnation, seq);
    commands_.count(told_);
    executor_.post([self = shared_from_this()]() mutable { self->done_(std::move(self->told_)); });
  }

  Commands& commands_;
  TitleId title_;
  std::vector<SentCommand> sent_;
  io::Executor& executor_;
  std::move_only_function<void(ToldAll)> done_;
  ToldAll told_;
  std::vector<std::atomic<std::uint64_t>> seqs_;  // by shard
  std::atomic<std::size_t> left_{0};
};

Commands::Commands(CommandsParts parts) : parts_(std::move(parts)) {
  MATSURI_ASSERT(parts_.shards.size() == parts_.sequencer.shard_count());
  if (parts_.metrics == nullptr) return;
  for (std::size_t c = 0; c < consistencies.size(); ++c)
    for (std::size_t f = 0; f < froms.size(); ++f)
      read_counters_[c][f] = &parts_.metrics->counter(
          "matsuri_game_reads_total", "Reads of entities, by who told.",
          {{"consistency", std::string(consistencies[c])}, {"from", std::string(froms[f])}});
  counters_.resize(static_cast<std::size_t>(Verdict::unknown) + 1);
  for (const Verdict verdict : verdicts)
    counters_[static_cast<std::size_t>(verdict)] =
        &parts_.metrics->counter("matsuri_game_commands_total", "Commands, by their outcome.",
                                 {{"outcome", std::string(name_of(verdict))}});
}

void Commands::count(const ToldAll& told) {
  if (counters_.empty()) return;
  std::array<std::uint64_t, static_cast<std::size_t>(Verdict::unknown) + 1> counts{};
  for (const Told& one : told.outcomes) ++counts[static_cast<std::size_t>(one.outcome.verdict)];
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) counters_[i]->add(counts[i]);
}

void Commands::count(Consistency consistency, From from) {
  metrics::Counter* const counter =
      read_counters_[static_cast<std::size_t>(consistency)][static_cast<std::size_t>(from)];
  if (counter != nullptr) counter->add(1);
}

void Commands::run(TitleId title, std::vector<SentCommand> sent, io::Executor& executor,
                   std::move_only_function<void(ToldAll)> done) {
  std::make_shared<Run>(*this, title, std::move(sent), executor, std::move(done))->start();
}

ToldAll Commands::overloaded(const std::vector<SentCommand>& sent) {
  ToldAll told;
  for (const SentCommand& one : sent) {
    Told& outcome = told.outcomes.emplace_back();
    if (one.has_key) outcome.key = one.command.key;
    outcome.outcome = {.verdict = Verdict::overloaded, .message = "too many requests wait"};
  }
  count(told);
  return told;
}

void Commands::look_up(const Asker& asker, const std::string& arena, const sequencer::Key& key,
                       io::Executor& executor, Completion<std::optional<StoredCommand>> done) {
  // Through the order first: so nothing that came before it is still on its way.
  parts_.sequencer.submit(
      asker.title, arena, sequencer::Lookup{key}, executor,
      [this, asker, arena, key, &executor,
       done = std::move(done)](const sequencer::Answer& answer) mutable {
        if (answer.outcomes.empty()) return done(std::optional<StoredCommand>());
        if (!sequencer::is_decided(answer.outcomes.front().verdict)) return done(not_now());
        sql::read_value<std::optional<StoredCommand>>(
            *parts_.shards[answer.shard].db, executor,
            [key](sql::Connection& connection) { return sequencer::read_command(connection, key); },
            [asker, arena,
             done = std::move(done)](Result<std::optional<StoredCommand>> found) mutable {
              if (!found.ok()) return done(std::move(found));
              const bool is_theirs = *found && (*found)->title == asker.title &&
                                     (*found)->arena == arena &&
                                     (!asker.player || (*found)->actor == asker.player);
              done(is_theirs ? std::move(*found) : std::optional<StoredCommand>());
            });
      });
}

// A read of one entity on its way.
struct Commands::Reading {
  sequencer::EntityName name;
  std::string kind;
  std::shared_ptr<const TitleSchema> schema;
  Consistency consistency = Consistency::linearizable;
  std::size_t shard = 0;
  std::uint64_t wanted = 0;  // the place that the reader has seen
  io::Executor* executor = nullptr;
  Completion<ReadEntity> done;
};

void Commands::read(const Asker& asker, const EntityQuery& query, Consistency consistency,
                    const Places& token, io::Executor& executor, Completion<ReadEntity> done) {
  auto schema = parts_.directory.schema_of(asker.title);
  const auto kind = schema == nullptr ? std::nullopt : schema->schema.find(query.kind);
  if (!kind) return done(Error(Code::not_found, "there is no such kind"));
  if (asker.player && schema->players[*kind].which == Which::none)
    return done(Error(Code::denied, "players may not see " + query.kind));
  Reading reading{.name = {asker.title, query.arena, *kind, query.id},
                  .kind = query.kind,
                  .schema = std::move(schema),
                  .consistency = consistency,
                  .shard = shard_of(asker.title, query.arena),
                  .executor = &executor,
                  .done = std::move(done)};
  if (consistency == Consistency::linearizable) return read_in_order(std::move(reading));
  if (consistency == Consistency::at_least) {
    const auto wanted = token.find(parts_.shards[reading.shard].incarnation);
    // Of another life, or of another shard that had the arena then: the order knows.
    if (!wanted) return read_in_order(std::move(reading));
    reading.wanted = *wanted;
  }
  read_from(parts_.replicas != nullptr ? From::replica : From::primary, std::move(reading));
}

// Where a database can't tell, the next one is asked: replica, primary, order.
void Commands::read_from(From from, Reading reading) {
  sql::Db* db = parts_.shards[reading.shard].db;
  if (from == From::replica) {
    sql::Db* const replica = parts_.replicas->find(reading.shard);
    if (replica == nullptr) return read_from(From::primary, std::move(reading));
    db = replica;
  }
  io::Executor& executor = *reading.executor;
  sql::read_value<sequencer::StoredEntity>(
      *db, executor,
      [name = reading.name, kind = reading.kind](sql::Connection& connection) {
        return sequencer::read_entity(connection, name.title, name.arena, kind, name.id);
      },
      [this, from, reading = std::move(reading)](Result<sequencer::StoredEntity> found) mutable {
        if (from == From::replica && !found.ok()) {
          // It is away. Or the arena moves, which a second without the replica does no harm to.
          parts_.replicas->lost(reading.shard);
          return read_from(From::primary, std::move(reading));
        }
        if (!found.ok()) return reading.done(std::move(found).error());
        // A database that lags behind what one has seen.
        if (found->seq < reading.wanted) {
          if (from == From::replica) return read_from(From::primary, std::move(reading));
          return read_in_order(std::move(reading));
        }
        count(reading.consistency, from);
        ReadEntity entity{.version = found->version,
                          .fields = std::move(found->fields),
                          .is_stale = reading.consistency == Consistency::any};
        if (entity.fields == "{}") entity.fields.clear();
        entity.token.raise(parts_.shards[reading.shard].incarnation, found->seq);
        reading.done(std::move(entity));
      });
}

void Commands::read_in_order(Reading reading) {
  const sequencer::EntityName name = reading.name;
  io::Executor& executor = *reading.executor;
  parts_.sequencer.submit(
      name.title, name.arena, sequencer::Read{{name}}, executor,
      [this, reading = std::move(reading)](const sequencer::Answer& answer) mutable {
        if (answer.entities.empty()) return reading.done(not_now());
        count(reading.consistency, From::order);
        const sequencer::Entity& found = answer.entities.front();
        ReadEntity entity{.version = found.version, .fields = {}};
        if (found.exists()) {
          json::Writer writer(entity.fields);
          write_fields(writer, found, reading.schema->schema.kinds[reading.name.kind]);
        }
        entity.token.raise(parts_.shards[answer.shard].incarnation, answer.seq);
        reading.done(std::move(entity));
      });
}

}  // namespace matsuri::game
