// Communities::import_titles() and import_communities(): from another system, many in one strict
// transaction.
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "community/exec.h"
#include "community/internal/rows.h"
#include "community/query.h"

namespace matsuri::community {
namespace {

using Facts = std::vector<stream::BatchResult::Fact>;

std::string key_of(std::string_view source, std::string_view source_id) {
  std::string key(source);
  key += '\0';
  key += source_id;
  return key;
}

// (source, source_id, id), as the imported_ tables hold them.
void add_source(std::vector<sql::Value>& values, const std::string& source,
                const std::string& source_id, std::uint64_t id) {
  const sql::Value row[] = {source, source_id, id};
  values.insert(values.end(), std::begin(row), std::end(row));
}

// The rows of one batch of communities on their way into the tables, which no SELECT sees yet.
class CommunityBatch {
 public:
  explicit CommunityBatch(sql::Connection& connection) : connection_(connection) {}

  // The id that it has from now on, or why it has none.
  Result<CommunityId> add(const ImportedCommunity& wanted) {
    const std::string key = key_of(wanted.source, wanted.source_id);
    if (const auto twin = known_.find(key); twin != known_.end()) return twin->second;
    TRY_ASSIGN(CommunityId id, imported_community(connection_, wanted.source, wanted.source_id));
    if (!id) {
      TRY_ASSIGN(id,
                 wanted.community.kind == CommunityKind::main ? take_main(wanted) : make(wanted));
      add_source(sources_, wanted.source, wanted.source_id, id.value);
    }
    known_.emplace(key, id);
    return id;
  }

  // Writes all; gives the facts that follow.
  Result<Facts> write() {
    if (sources_.empty()) return Facts{};
    Facts facts;
    if (!made_.empty()) TRY(insert_communities(connection_, made_));
    for (const CommunityRow& row : mains_) TRY(update_community(connection_, row));
    TRY(connection_.insert_rows("INSERT INTO imported_community (source, source_id, community)", "",
                                3, sources_));
    for (const auto* rows : {&made_, &mains_})
      for (const CommunityRow& row : *rows)
        facts.push_back({fact_of(row), row.community.created_unix_ms, row.community.rules.owner});
    return facts;
  }

 private:
  // The title's main community is there since the title is: it only takes what the line says.
  Result<CommunityId> take_main(const ImportedCommunity& wanted) {
    const NewCommunity& said = wanted.community;
    if (!said.title) return Error(Code::invalid, "a main community needs its title");
    TRY_ASSIGN(const TitleRow title, title_of(connection_, said.title));
    const CommunityId main = title.title.main_community;
    TRY_ASSIGN(const auto taken,
               connection_.integer("SELECT 1 FROM imported_community WHERE community = ? LIMIT 1",
                                   {main.value}));
    bool is_taken = taken.has_value();
    for (const CommunityRow& row : mains_) is_taken = is_taken || row.community.id == main;
    if (is_taken) return Error(Code::conflict, "the title has its main community already");
    TRY_ASSIGN(CommunityRow row, community_of(connection_, main));
    ++row.rev;
    row.community.names = said.names;
    row.community.description = said.description;
    row.community.rules.post_kinds = said.post_kinds;
    row.community.rules.who_posts = said.who_posts.value_or(posters_of_new(said.kind));
    mains_.push_back(std::move(row));
    return main;
  }

  Result<CommunityId> make(const ImportedCommunity& wanted) {
    const NewCommunity& said = wanted.community;
    if (said.title) TRY(title_of(connection_, said.title));
    if (said.kind == CommunityKind::user) {
      if (!said.title || !wanted.owner)
        return Error(Code::invalid, "a user-made community needs its title and its owner");
      TRY_ASSIGN(std::size_t count, owned_count(connection_, wanted.owner, said.title));
      count += owned_[key_of(wanted.owner.to_string(), said.title.to_string())];
      if (count >= owned_count_max)
        return Error(Code::exhausted, "the owner has 4 communities of this title already");
      ++owned_[key_of(wanted.owner.to_string(), said.title.to_string())];
    }
    made_.push_back(new_community(wanted.id, wanted.owner, said));
    return wanted.id;
  }

  sql::Connection& connection_;
  std::unordered_map<std::string, CommunityId> known_;  // by key_of() the source
  std::unordered_map<std::string, std::size_t> owned_;  // in this batch, by owner and title
  std::vector<CommunityRow> made_;
  std::vector<CommunityRow> mains_;
  std::vector<sql::Value> sources_;
};

// What a line of a batch gets in its place. Only what that line is to blame for: all else is the
// database's, and the whole transaction's.
bool is_fault_of_line(Code code) {
  return code == Code::invalid || code == Code::not_found || code == Code::conflict ||
         code == Code::exhausted;
}

std::vector<Event> events_of(Facts& facts) {
  std::vector<Event> events;
  for (auto& fact : facts) events.push_back(std::move(fact.event));
  return events;
}

}  // namespace

Result<TitlesImported> import_titles(sql::Connection& connection,
                                     std::span<const ImportedTitle> wanted) {
  TitlesImported imported;
  std::vector<TitleRow> titles;
  std::vector<CommunityRow> mains;
  std::vector<sql::Value> sources;
  std::unordered_map<std::string, TitleId> known;
  for (const ImportedTitle& one : wanted) {
    const std::string key = key_of(one.source, one.source_id);
    TRY_ASSIGN(TitleId before, imported_title(connection, one.source, one.source_id));
    if (const auto twin = known.find(key); twin != known.end()) before = twin->second;
    imported.ids.push_back(before ? before : one.id);
    if (before) continue;
    known.emplace(key, one.id);
    TitleWithMain made = new_title(one.id, one.main_community, one.title);
    const std::int64_t unix_ms = made.title.title.created_unix_ms;
    imported.facts.push_back({fact_of(made.title), unix_ms, AccountId{}});
    imported.facts.push_back({fact_of(made.main), unix_ms, AccountId{}});
    add_source(sources, one.source, one.source_id, one.id.value);
    titles.push_back(std::move(made.title));
    mains.push_back(std::move(made.main));
  }
  if (titles.empty()) return imported;
  TRY(insert_titles(connection, titles));
  TRY(insert_communities(connection, mains));
  TRY(connection.insert_rows("INSERT INTO imported_title (source, source_id, title)", "", 3,
                             sources));
  return imported;
}

Result<std::vector<Result<TitleId>>> Communities::import_titles(
    const std::vector<ImportedTitle>& wanted) {
  TitlesImported imported;
  Position position;
  const auto body = [&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(imported, community::import_titles(connection, wanted));
    if (imported.facts.empty()) return {};
    TRY_ASSIGN(position, parts_.outbox.put(connection, imported.facts));
    return {};
  };
  TRY(parts_.db.write_and_wait(body));
  if (!imported.facts.empty()) publish(events_of(imported.facts), position);
  return std::vector<Result<TitleId>>(imported.ids.begin(), imported.ids.end());
}

Result<std::vector<Result<CommunityId>>> Communities::import_communities(
    const std::vector<ImportedCommunity>& wanted) {
  std::vector<Result<CommunityId>> ids;
  Facts facts;
  Position position;
  const auto body = [&](sql::Connection& connection) -> Result<void> {
    ids.clear();
    CommunityBatch batch(connection);
    for (const ImportedCommunity& one : wanted) {
      auto id = batch.add(one);
      if (!id.ok() && !is_fault_of_line(id.error().code())) return std::move(id).error();
      ids.push_back(std::move(id));
    }
    TRY_ASSIGN(facts, batch.write());
    if (!facts.empty()) {
      TRY_ASSIGN(position, parts_.outbox.put(connection, facts));
    }
    return {};
  };
  TRY(parts_.db.write_and_wait(body));
  if (!facts.empty()) publish(events_of(facts), position);
  return ids;
}

}  // namespace matsuri::community
