// What people do to titles and communities. All of it is strict: an answer comes when main's
// transaction has committed, with the position of the fact that tells the other domains.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "community/directory.h"
#include "community/model.h"
#include "io/clock.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "model/position.h"
#include "model/record.h"
#include "sql/db.h"
#include "stream/outbox.h"
#include "stream/strict.h"
#include "stream/view.h"

namespace matsuri::community {

using stream::Changed;
using stream::Committed;
using stream::Completion;

// What makes it safe to ask again for something to be made; without a key each request makes
// something of its own.
struct Retry {
  IdempotencyKey key{};           // scoped to the account
  std::uint64_t fingerprint = 0;  // of the request
};

// What became of a request for something new.
template <class T>
struct Made {
  enum class Kind : std::uint8_t {
    made,        // by this request
    replayed,    // by an earlier one under the same key: as it was made then
    key_reused,  // the key was used for another request: nothing happened, `value` is empty
  };
  Kind kind = Kind::made;
  T value{};
};

// A title from another system. Its ids carry the original time.
struct ImportedTitle {
  std::string source;
  std::string source_id;
  TitleId id;
  CommunityId main_community;  // made with it, named like it
  NewTitle title;              // clean, as clean_title() gives it
};

// A community from another system. Of the kind `main` it speaks of the main community that its
// title has already: `id` is not used then.
struct ImportedCommunity {
  std::string source;
  std::string source_id;
  CommunityId id;
  AccountId owner;
  NewCommunity community;  // clean: clean_names() and clean_description(); the title may be none
                           // where the kind is official or announcement
};

// What an import of titles made, inside somebody's transaction.
struct TitlesImported {
  std::vector<TitleId> ids;                      // of all, in their order
  std::vector<stream::BatchResult::Fact> facts;  // for the outbox, in the same transaction
};
// What an earlier import made keeps its first id, and has no fact.
Result<TitlesImported> import_titles(sql::Connection& connection,
                                     std::span<const ImportedTitle> wanted);

struct CommunitiesParts {
  sql::Db& db;  // main's
  stream::Outbox& outbox;
  journal::IdMaker& ids;
  CommunityDirectory& directory;
  io::Clock& clock;
};

// Thread-safe. Every call answers Code::busy where a queue is full, and Code::invalid for what the
// clean_ functions refuse.
class Communities {
 public:
  explicit Communities(CommunitiesParts parts) : parts_(parts) {}

  // Makes its main community too, named like it. Code::denied but for admins.
  void create_title(const Actor& actor, NewTitle wanted, const Retry& retry, io::Executor& executor,
                    Completion<Committed<Made<Title>>> done);
  // Code::denied but for admins, Code::not_found, Code::invalid for a change of nothing.
  void change_title(const Actor& actor, TitleId title, TitleChange change, io::Executor& executor,
                    Completion<Committed<Title>> done);

  // A community of the kind `user` belongs to who makes it; all others are made by admins
  // (Code::denied) and belong to nobody. Code::not_found where there is no such title,
  // Code::exhausted past owned_count_max, Code::unauthenticated where the account is gone,
  // Code::invalid for the kind `main`: a title brings its own.
  void create_community(const Actor& actor, NewCommunity wanted, const Retry& retry,
                        io::Executor& executor, Completion<Committed<Made<Community>>> done);
  // A user-made one is changed by its owner and by staff, all others by admins: else Code::denied.
  // Code::not_found, Code::invalid for a change of nothing.
  void change_community(const Actor& actor, CommunityId community, CommunityChange change,
                        io::Executor& executor, Completion<Committed<Community>> done);

  // Each in one transaction, waiting: the ids of all, in their order; what an earlier import made
  // keeps its first id.
  Result<std::vector<Result<TitleId>>> import_titles(const std::vector<ImportedTitle>& wanted);
  // In its place a community gets Code::not_found where its title is not there, Code::conflict for
  // a second `main` of a title, Code::exhausted past owned_count_max, Code::invalid for one of
  // `user` without an owner or without a title, and for a `main` without a title.
  Result<std::vector<Result<CommunityId>>> import_communities(
      const std::vector<ImportedCommunity>& wanted);

 private:
  // stream::commit(); the facts are the account's, and in the directory before `done` runs.
  template <class T, class Body>
  void commit(AccountId account, io::Executor& executor, Body body, Completion<Committed<T>> done);
  void publish(const std::vector<Event>& facts, const Position& position);
  Result<Changed<Made<Title>>> make_title(sql::Connection& connection, AccountId account,
                                          const NewTitle& wanted, const Retry& retry);
  Result<Changed<Made<Community>>> make_community(sql::Connection& connection, AccountId account,
                                                  const NewCommunity& wanted, const Retry& retry);

  CommunitiesParts parts_;
};

}  // namespace matsuri::community
