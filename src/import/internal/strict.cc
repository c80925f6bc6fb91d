#include "import/internal/strict.h"

#include <type_traits>
#include <utility>
#include <variant>

namespace matsuri::imports::internal {
namespace {

const LineKey& key_in(const Item& item) {
  return std::visit([](const auto& line) -> const LineKey& { return line.key; }, item.line);
}

std::string missing(std::string_view what, std::string_view id, std::string_view source) {
  return "no " + std::string(what) + ' ' + quoted(id) + " of source " + quoted(source);
}

}  // namespace

Strict::Strict(const ImporterParts& parts, ImportIds& ids, Summary& summary)
    : parts_(parts),
      ids_(ids),
      summary_(summary),
      users_{.known = Known(parts.main_db,
                            "SELECT source_id, account FROM imported_account WHERE source_id"),
             .made = {}},
      titles_{.known = Known(parts.main_db,
                             "SELECT source_id, title FROM imported_title WHERE source_id"),
              .made = {}},
      communities_{
          .known = Known(parts.main_db,
                         "SELECT source_id, community FROM imported_community WHERE source_id"),
          .made = {}} {}

std::uint64_t Strict::Kind::find(const Name& name, std::uint64_t number) {
  if (const std::uint64_t id = known.find(name)) return id;
  const auto found = made.find(key_of(name));
  return found != made.end() && found->second.number < number ? found->second.id : 0;
}

void Strict::Kind::settle() {
  for (const auto& [key, one] : made) {
    const std::size_t end = key.find('\n');
    known.put({std::string_view(key).substr(0, end), std::string_view(key).substr(end + 1)},
              one.id);
  }
  made.clear();
}

Result<void> Strict::take(Batch& batch) {
  for (Kind* kind : {&users_, &titles_, &communities_}) kind->settle();
  TRY(load(batch));
  TRY(make_users(batch));
  TRY(make_titles(batch));
  return make_communities(batch);
}

Result<void> Strict::load(const Batch& batch) {
  std::vector<Name> users, titles, communities;
  const auto add = [](std::vector<Name>& names, const LineKey& key, const std::string& id) {
    if (!id.empty()) names.push_back({key.source, id});
  };
  for (const Item& item : batch.items) {
    const LineKey& key = key_in(item);
    if (std::holds_alternative<UserLine>(item.line)) add(users, key, key.id);
    if (std::holds_alternative<TitleLine>(item.line)) add(titles, key, key.id);
    if (const auto* community = std::get_if<CommunityLine>(&item.line)) {
      add(communities, key, key.id);
      add(users, key, community->owner);
      add(titles, key, community->title);
    } else if (const auto* post = std::get_if<PostLine>(&item.line)) {
      add(users, key, post->author);
      add(communities, key, post->in);
    } else if (const auto* follow = std::get_if<FollowLine>(&item.line)) {
      add(users, key, follow->account);
      add(users, key, follow->target);
      add(communities, key, follow->in);
    } else if (const auto* empathy = std::get_if<EmpathyLine>(&item.line)) {
      add(users, key, empathy->account);
    }
  }
  TRY(users_.known.load(users));
  TRY(titles_.known.load(titles));
  return communities_.known.load(communities);
}

template <class AnyLine>
std::vector<const Item*> Strict::new_of(const Batch& batch, Kind& kind) {
  std::vector<const Item*> items;
  std::unordered_map<std::string, bool> seen;
  for (const Item& item : batch.items) {
    if (!std::holds_alternative<AnyLine>(item.line)) continue;
    const Name name = name_of(key_in(item));
    if (kind.known.find(name) != 0 || !seen.try_emplace(key_of(name)).second)
      ++summary_.known_count;
    else
      items.push_back(&item);
  }
  return items;
}

Result<std::vector<std::uint64_t>> Strict::ids_for(std::span<const Item* const> items) {
  std::vector<std::int64_t> times;
  for (const Item* item : items) times.push_back(key_in(*item).created_unix_ms);
  return ids_.make(times);
}

Result<void> Strict::make_users(Batch& batch) {
  const std::vector<const Item*> items = new_of<UserLine>(batch, users_);
  TRY_ASSIGN(const std::vector<std::uint64_t> ids, ids_for(items));
  std::vector<account::ImportedAccount> wanted;
  for (std::size_t index = 0; index < items.size(); ++index) {
    const auto& user = std::get<UserLine>(items[index]->line);
    wanted.push_back({.source = user.key.source,
                      .source_id = user.key.id,
                      .handle = user.handle,
                      .name = user.name,
                      .id = AccountId{ids[index]},
                      .bio = user.bio,
                      .face = user.face});
  }
  std::vector<const Item*> conflicts;
  std::vector<account::ImportedAccount> again;
  TRY(make_some(wanted, items, conflicts, again));
  // Whose wish somebody else has gets a made handle, if that is not what they had.
  for (account::ImportedAccount& one : again) one.handle = made_handle(one.source, one.source_id);
  std::vector<const Item*> refused;
  std::vector<account::ImportedAccount> none;
  TRY(make_some(again, conflicts, refused, none));
  for (const Item* item : refused) {
    const LineKey& key = key_in(*item);
    batch.refuse(item->number, RefusalCode::handle_taken, quoted(made_handle(key.source, key.id)));
  }
  return {};
}

Result<void> Strict::make_some(const std::vector<account::ImportedAccount>& wanted,
                               std::span<const Item* const> items,
                               std::vector<const Item*>& conflicts,
                               std::vector<account::ImportedAccount>& again) {
  if (wanted.empty()) return {};
  TRY_ASSIGN(const auto given, parts_.accounts.import(wanted));
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const account::ImportedAccount& one = wanted[index];
    if (given[index].ok()) {
      users_.made[key_of({one.source, one.source_id})] = {given[index]->value,
                                                          items[index]->number};
      ++summary_.user_count;
      if (one.handle == made_handle(one.source, one.source_id)) ++summary_.made_handle_count;
    } else if (given[index].error().code() == Code::conflict) {
      conflicts.push_back(items[index]);
      again.push_back(one);
    } else {
      return given[index].error();
    }
  }
  return {};
}

Result<void> Strict::make_titles(Batch& batch) {
  const std::vector<const Item*> items = new_of<TitleLine>(batch, titles_);
  if (items.empty()) return {};
  TRY_ASSIGN(const std::vector<std::uint64_t> ids, ids_for(items));
  TRY_ASSIGN(const std::vector<std::uint64_t> main_ids, ids_for(items));
  std::vector<community::ImportedTitle> wanted;
  for (std::size_t index = 0; index < items.size(); ++index) {
    const auto& title = std::get<TitleLine>(items[index]->line);
    wanted.push_back({.source = title.key.source,
                      .source_id = title.key.id,
                      .id = TitleId{ids[index]},
                      .main_community = CommunityId{main_ids[index]},
                      .title = {.names = title.names,
                                .platforms = title.platforms,
                                .publisher = title.publisher,
                                .crest = title.crest}});
  }
  TRY_ASSIGN(const auto given, parts_.communities.import_titles(wanted));
  for (std::size_t index = 0; index < items.size(); ++index) {
    if (!given[index].ok()) return given[index].error();
    titles_.made[key_of(name_of(key_in(*items[index])))] = {given[index]->value,
                                                            items[index]->number};
    ++summary_.title_count;
  }
  return {};
}

Result<void> Strict::make_communities(Batch& batch) {
  std::vector<const Item*> items;
  std::vector<community::ImportedCommunity> wanted;
  for (const Item* item : new_of<CommunityLine>(batch, communities_)) {
    const auto& line = std::get<CommunityLine>(item->line);
    const auto owner = account({line.key.source, line.owner}, item->number);
    const TitleId title{titles_.find({line.key.source, line.title}, item->number)};
    if (!line.owner.empty() && !owner) {
      batch.refuse(item->number, RefusalCode::unknown_author,
                   missing("user", line.owner, line.key.source));
    } else if (!line.title.empty() && !title) {
      batch.refuse(item->number, RefusalCode::unknown_title,
                   missing("title", line.title, line.key.source));
    } else {
      items.push_back(item);
      wanted.push_back({.source = line.key.source,
                        .source_id = line.key.id,
                        .id = {},
                        .owner = owner,
                        .community = {.title = title,
                                      .kind = line.kind,
                                      .names = line.names,
                                      .description = line.description,
                                      .post_kinds = line.post_kinds,
                                      .who_posts = line.who_posts}});
    }
  }
  if (wanted.empty()) return {};
  TRY_ASSIGN(const std::vector<std::uint64_t> ids, ids_for(items));
  for (std::size_t index = 0; index < wanted.size(); ++index)
    wanted[index].id = CommunityId{ids[index]};
  TRY_ASSIGN(const auto given, parts_.communities.import_communities(wanted));
  for (std::size_t index = 0; index < items.size(); ++index) {
    if (given[index].ok()) {
      communities_.made[key_of(name_of(key_in(*items[index])))] = {given[index]->value,
                                                                   items[index]->number};
      ++summary_.community_count;
    } else if (given[index].error().code() == Code::conflict ||
               given[index].error().code() == Code::exhausted) {
      batch.refuse(items[index]->number, RefusalCode::not_allowed, given[index].error().message());
    } else {
      return given[index].error();
    }
  }
  return {};
}

}  // namespace matsuri::imports::internal
