// Strict commands: one SQL transaction decides, and what it changed is told to the other domains by
// facts that commit with it.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "model/event.h"
#include "model/position.h"
#include "sql/call.h"
#include "sql/db.h"
#include "stream/outbox.h"

namespace matsuri::stream {

// What a transaction changed: a value for the caller, and the facts for everybody else; none where
// it only repeats an earlier answer.
template <class T>
struct Changed {
  T value;
  std::vector<Event> facts;
};

// A value, and where the last fact that follows from it stands (offset 0 where nothing changed).
template <class T>
struct Committed {
  T value;
  Position position;
};

// Runs exactly once, through the executor that the call named.
template <class T>
using Completion = std::move_only_function<void(Result<T>)>;

struct StrictParts {
  Outbox& outbox;  // of the database that decides; must stay until `done` has run
  io::Clock& clock;
  io::Executor& executor;
};

// Runs `body` (sql::Connection& to Result<Changed<T>>) as one transaction; its facts, each about
// the account that `owner_of` gives, are in the outbox with it. After the commit and before `done`,
// `publish` gets the facts, if there are any, with the position of the last: it tells memory, and
// calls Outbox::committed().
template <class T, class Body, class OwnerOf, class Publish>
void commit(const StrictParts& parts, Body body, OwnerOf owner_of, Publish publish,
            Completion<Committed<T>> done) {
  using Outcome = std::pair<Changed<T>, Position>;
  sql::write_value<Outcome>(
      parts.outbox.db(), parts.executor,
      [&outbox = parts.outbox, &clock = parts.clock, body = std::move(body),
       owner_of](sql::Connection& connection) mutable -> Result<Outcome> {
        TRY_ASSIGN(Changed<T> changed, body(connection));
        Position position{outbox.origin(), 0};
        std::vector<BatchResult::Fact> facts;
        for (const Event& fact : changed.facts)
          facts.push_back({fact, clock.unix_ms(), owner_of(fact)});
        if (!facts.empty()) {
          TRY_ASSIGN(position, outbox.put(connection, facts));
        }
        return Outcome{std::move(changed), position};
      },
      [publish, done = std::move(done)](Result<Outcome> outcome) mutable {
        if (!outcome.ok()) return done(std::move(outcome).error());
        auto& [changed, position] = outcome.value();
        if (!changed.facts.empty()) publish(changed.facts, position);
        done(Committed<T>{std::move(changed.value), position});
      });
}

}  // namespace matsuri::stream
