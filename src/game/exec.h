// What admins and servers change of a title's game: its schema and its keys. Strict: an answer
// comes when main's transaction has committed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "game/directory.h"
#include "game/model.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"
#include "journal/id_maker.h"
#include "sql/db.h"

namespace matsuri::game {

// Runs once, through the executor that the call named.
template <class T>
using Completion = std::move_only_function<void(Result<T>)>;

struct NewKey {
  TitleKey key;
  std::string text;  // the key itself, known to nobody afterwards
};

struct Nothing {};

struct TitlesParts {
  sql::Db& db;  // main's
  journal::IdMaker& ids;
  Directory& directory;
  io::Clock& clock;
  io::Random& random;
  std::function<bool(TitleId)> has_title;
  std::function<void()> on_schema;  // a schema was put into the directory; be quick. May be empty
};

// Thread-safe. Code::not_found where there is no such title, Code::busy where a queue is full.
class Titles {
 public:
  explicit Titles(TitlesParts parts) : parts_(std::move(parts)) {}

  bool has(TitleId title) const { return parts_.has_title(title); }

  // Code::conflict where it may not follow the one that is there. REQUIRES: check(schema).
  void put_schema(TitleId title, TitleSchema schema, io::Executor& executor,
                  Completion<std::shared_ptr<const TitleSchema>> done);

  // Code::exhausted past title_key_count_max. REQUIRES: the name is clean.
  void create_key(TitleId title, KeyKind kind, std::string name, io::Executor& executor,
                  Completion<NewKey> done);
  // It counts no longer from the answer on, and neither do the player tokens that were asked for
  // with it. Code::not_found.
  void revoke_key(TitleId title, TitleKeyId key, io::Executor& executor, Completion<Nothing> done);

 private:
  TitlesParts parts_;
};

}  // namespace matsuri::game
