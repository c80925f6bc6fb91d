// Calls of Db that give a value: what a transaction's body found goes to its completion.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "sql/db.h"

namespace matsuri::sql {

namespace internal {

template <class T, class Body, class Done>
struct ValueCall {
  Body body;
  Done done;
  std::optional<T> value;

  Result<void> run(Connection& connection) {
    TRY_ASSIGN(value, body(connection));
    return {};
  }
  void finish(const Result<void>& result) {
    if (result.ok())
      done(Result<T>(std::move(*value)));
    else
      done(Result<T>(result.error()));
  }
};

}  // namespace internal

// Db::write() with a body that gives Result<T>, and `done` that takes one. Where the queue is full,
// `done` gets Code::busy at once, on the calling thread.
template <class T, class Body, class Done>
void write_value(Db& db, io::Executor& executor, Body body, Done done) {
  using Call = internal::ValueCall<T, Body, Done>;
  auto call = std::make_shared<Call>(Call{std::move(body), std::move(done), std::nullopt});
  const Result<void> queued =
      db.write([call](Connection& connection) { return call->run(connection); }, executor,
               [call](const Result<void>& result) { call->finish(result); });
  if (!queued.ok()) call->finish(queued);
}

// The same for Db::read().
template <class T, class Body, class Done>
void read_value(Db& db, io::Executor& executor, Body body, Done done) {
  using Call = internal::ValueCall<T, Body, Done>;
  auto call = std::make_shared<Call>(Call{std::move(body), std::move(done), std::nullopt});
  const Result<void> queued =
      db.read([call](Connection& connection) { return call->run(connection); }, executor,
              [call](const Result<void>& result) { call->finish(result); });
  if (!queued.ok()) call->finish(queued);
}

}  // namespace matsuri::sql
