#include "game/exec.h"

#include <utility>

#include "game/internal/rows.h"
#include "sql/call.h"

namespace matsuri::game {
namespace {

Error no_title() { return {Code::not_found, "there is no such title"}; }

}  // namespace

void Titles::put_schema(TitleId title, TitleSchema schema, io::Executor& executor,
                        Completion<std::shared_ptr<const TitleSchema>> done) {
  if (!has(title)) return done(no_title());
  auto next = std::make_shared<const TitleSchema>(std::move(schema));
  sql::write_value<std::uint64_t>(
      parts_.db, executor,
      [title, next](sql::Connection& connection) {
        return write_schema_row(connection, title, *next);
      },
      [this, title, next, done = std::move(done)](Result<std::uint64_t> rev) mutable {
        if (!rev.ok()) return done(std::move(rev).error());
        parts_.directory.put_schema(title, *rev, next);
        if (parts_.on_schema) parts_.on_schema();
        done(std::move(next));
      });
}

void Titles::create_key(TitleId title, KeyKind kind, std::string name, io::Executor& executor,
                        Completion<NewKey> done) {
  if (!has(title)) return done(no_title());
  const auto id = parts_.ids.next();
  if (!id.ok()) return done(id.error());
  const KeyText text{.id = TitleKeyId{*id}, .secret = new_secret(parts_.random)};
  const KeptKey kept{.key = {.id = text.id,
                             .kind = kind,
                             .name = std::move(name),
                             .created_unix_ms = parts_.clock.unix_ms()},
                     .secret_hash = hash_of(text.secret)};
  sql::write_value<Nothing>(
      parts_.db, executor,
      [title, kept](sql::Connection& connection) -> Result<Nothing> {
        TRY(insert_key(connection, title, kept));
        return Nothing{};
      },
      [&directory = parts_.directory, title, kept, text,
       done = std::move(done)](Result<Nothing> made) mutable {
        if (!made.ok()) return done(std::move(made).error());
        directory.put_key(title, kept);
        done(NewKey{.key = kept.key, .text = to_text(text)});
      });
}

void Titles::revoke_key(TitleId title, TitleKeyId key, io::Executor& executor,
                        Completion<Nothing> done) {
  sql::write_value<Nothing>(
      parts_.db, executor,
      [title, key,
       now_ms = parts_.clock.unix_ms()](sql::Connection& connection) -> Result<Nothing> {
        TRY_ASSIGN(const std::uint64_t count,
                   connection.execute("UPDATE title_key SET revoked_ms = ?"
                                      " WHERE id = ? AND title = ? AND revoked_ms = 0",
                                      {now_ms, key.value, title.value}));
        if (count == 0) return Error(Code::not_found, "the title has no such key");
        return Nothing{};
      },
      [&directory = parts_.directory, title, key,
       done = std::move(done)](Result<Nothing> revoked) mutable {
        if (revoked.ok()) directory.drop_key(title, key);
        done(std::move(revoked));
      });
}

}  // namespace matsuri::game
