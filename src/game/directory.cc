#include "game/directory.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "game/query.h"

namespace matsuri::game {

namespace {

Result<std::string_view> bearer_of(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!authorization.starts_with(scheme))
    return Error(Code::unauthenticated, "Authorization: \"Bearer mk_…\", a title key, is taken");
  return authorization.substr(scheme.size());
}

}  // namespace

Result<void> Directory::load(sql::Connection& connection) {
  TRY_ASSIGN(auto schemas, all_schemas(connection));
  TRY_ASSIGN(auto keys, all_keys(connection));
  for (SchemaRow& row : schemas)
    put_schema(row.title, row.rev, std::make_shared<const TitleSchema>(std::move(row.schema)));
  for (KeyRow& row : keys) put_key(row.title, std::move(row.key));
  return {};
}

std::shared_ptr<const TitleSchema> Directory::schema_of(TitleId title) const {
  const std::shared_lock lock(mutex_);
  const auto found = titles_.find(title);
  return found == titles_.end() ? nullptr : found->second.schema;
}

std::vector<std::pair<TitleId, std::shared_ptr<const TitleSchema>>> Directory::registered() const {
  std::vector<std::pair<TitleId, std::shared_ptr<const TitleSchema>>> all;
  const std::shared_lock lock(mutex_);
  for (const auto& [title, entry] : titles_)
    if (entry.schema != nullptr) all.emplace_back(title, entry.schema);
  return all;
}

sequencer::Schemas Directory::schemas() const {
  return [this](TitleId title) -> std::shared_ptr<const sequencer::Schema> {
    auto schema = schema_of(title);
    if (schema == nullptr) return nullptr;
    const sequencer::Schema* const inner = &schema->schema;
    return {std::move(schema), inner};
  };
}

std::optional<KeptKey> Directory::find_key(TitleId title, TitleKeyId key) const {
  const std::shared_lock lock(mutex_);
  const auto found = titles_.find(title);
  if (found == titles_.end()) return std::nullopt;
  for (const KeptKey& kept : found->second.keys)
    if (kept.key.id == key) return kept;
  return std::nullopt;
}

std::optional<TitleId> Directory::title_of(TitleKeyId key) const {
  const std::shared_lock lock(mutex_);
  const auto found = key_titles_.find(key);
  if (found == key_titles_.end()) return std::nullopt;
  return found->second;
}

void Directory::put_schema(TitleId title, std::uint64_t rev,
                           std::shared_ptr<const TitleSchema> schema) {
  const std::unique_lock lock(mutex_);
  Entry& entry = titles_[title];
  if (rev <= entry.rev) return;
  entry.rev = rev;
  entry.schema = std::move(schema);
}

void Directory::put_key(TitleId title, KeptKey key) {
  const std::unique_lock lock(mutex_);
  Entry& entry = titles_[title];
  key_titles_[key.key.id] = title;
  const auto is_same = [&](const KeptKey& kept) { return kept.key.id == key.key.id; };
  if (std::ranges::any_of(entry.keys, is_same)) return;
  if (std::ranges::find(entry.dropped, key.key.id) == entry.dropped.end())
    entry.keys.push_back(std::move(key));
}

void Directory::drop_key(TitleId title, TitleKeyId key) {
  const std::unique_lock lock(mutex_);
  Entry& entry = titles_[title];
  std::erase_if(entry.keys, [&](const KeptKey& kept) { return kept.key.id == key; });
  if (std::ranges::find(entry.dropped, key) == entry.dropped.end()) entry.dropped.push_back(key);
}

Result<KeptKey> Gate::check_key(TitleId title, std::string_view key_text) const {
  TRY_ASSIGN(const KeyText given, parse_key_text(key_text));
  auto kept = directory_.find_key(title, given.id);
  if (!kept || !equal(kept->secret_hash, hash_of(given.secret)))
    return Error(Code::unauthenticated, "this title key does not count here, or no longer");
  return std::move(*kept);
}

Result<Asker> Gate::check(TitleId title, std::string_view authorization,
                          std::string_view player) const {
  TRY_ASSIGN(const std::string_view key_text, bearer_of(authorization));
  TRY_ASSIGN(const KeptKey kept, check_key(title, key_text));
  Asker asker{.title = title, .kind = kept.key.kind, .player = {}};
  if (player.empty()) {
    if (asker.kind == KeyKind::client)
      return Error(Code::unauthenticated, "a client key needs a player token in Matsuri-Player");
    return asker;
  }
  TRY_ASSIGN(const PlayerToken token, open_player_token(signer_, player));
  const bool counts = token.title == title && clock_.unix_ms() < token.expires_unix_ms &&
                      token.epoch >= standings_.standing(token.account).epoch &&
                      directory_.find_key(title, token.key).has_value();
  if (!counts)
    return Error(Code::unauthenticated, "the player token has ended: ask for another session");
  asker.player = token.account;
  return asker;
}

Result<void> Gate::check_server(TitleId title, std::string_view authorization,
                                std::string_view player) const {
  TRY_ASSIGN(const Asker asker, check(title, authorization, player));
  if (asker.player) return Error(Code::denied, "players may not do this");
  return {};
}

Result<Asker> Gate::check(std::string_view authorization, std::string_view player) const {
  TRY_ASSIGN(const std::string_view key_text, bearer_of(authorization));
  TRY_ASSIGN(const KeyText key, parse_key_text(key_text));
  return check(directory_.title_of(key.id).value_or(TitleId{}), authorization, player);
}

}  // namespace matsuri::game
