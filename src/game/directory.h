// Schemas and keys of all titles in memory: whoever checks a request asks no SQL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "account/apply.h"
#include "account/credential.h"
#include "base/result.h"
#include "game/model.h"
#include "game/token.h"
#include "io/clock.h"
#include "sequencer/shard.h"
#include "sql/db.h"

namespace matsuri::game {

struct KeptKey {
  TitleKey key;
  SecretHash secret_hash{};
};

// Loaded from main's tables, and told by exec of what it commits, before that is answered.
// Thread-safe. Nothing but keys is ever dropped, because nothing else is ever deleted.
class Directory {
 public:
  // Code::corrupt for a schema that can't be read.
  Result<void> load(sql::Connection& connection);

  // nullptr where the title has none.
  std::shared_ptr<const TitleSchema> schema_of(TitleId title) const;
  // Of all titles that have one.
  std::vector<std::pair<TitleId, std::shared_ptr<const TitleSchema>>> registered() const;
  // For the sequencer, which outlives neither this nor the function.
  sequencer::Schemas schemas() const;
  // nullopt where the title has no such key, or no longer.
  std::optional<KeptKey> find_key(TitleId title, TitleKeyId key) const;
  // Whose key it is, or was.
  std::optional<TitleId> title_of(TitleKeyId key) const;

  // An older revision than what is known is left out.
  void put_schema(TitleId title, std::uint64_t rev, std::shared_ptr<const TitleSchema> schema);
  // Nothing for a key that is known, or was dropped.
  void put_key(TitleId title, KeptKey key);
  void drop_key(TitleId title, TitleKeyId key);

 private:
  struct Entry {
    std::uint64_t rev = 0;
    std::shared_ptr<const TitleSchema> schema;
    std::vector<KeptKey> keys;
    std::vector<TitleKeyId> dropped;  // whoever read them before brings none back
  };

  mutable std::shared_mutex mutex_;
  std::unordered_map<TitleId, Entry> titles_;
  std::unordered_map<TitleKeyId, TitleId> key_titles_;
};

// Who asks for something of a title's game state.
struct Asker {
  TitleId title;
  KeyKind kind = KeyKind::client;
  AccountId player;  // none: the title's own server
};

// Tells who asks, from memory alone. Thread-safe.
class Gate {
 public:
  Gate(const Directory& directory, const account::Signer& signer,
       const account::Standings& standings, const io::Clock& clock)
      : directory_(directory), signer_(signer), standings_(standings), clock_(clock) {}

  // The key behind a text, if it counts in the title. Code::unauthenticated.
  Result<KeptKey> check_key(TitleId title, std::string_view key_text) const;
  // `authorization` is "Bearer mk_…"; `player` a token, or empty. Whoever brings a player token is
  // that player, whatever the key. Code::unauthenticated, also for a client key alone.
  Result<Asker> check(TitleId title, std::string_view authorization, std::string_view player) const;
  // That it is one of the title's own servers. Code::denied for players.
  Result<void> check_server(TitleId title, std::string_view authorization,
                            std::string_view player) const;
  // The same where the key alone says which title it is.
  Result<Asker> check(std::string_view authorization, std::string_view player) const;

 private:
  const Directory& directory_;
  const account::Signer& signer_;
  const account::Standings& standings_;
  const io::Clock& clock_;
};

}  // namespace matsuri::game
