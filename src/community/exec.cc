#include "community/exec.h"

#include <utility>
#include <variant>

#include "account/query.h"
#include "community/internal/keys.h"
#include "community/internal/rows.h"
#include "community/query.h"

namespace matsuri::community {
namespace {

Result<void> check_admin(const Actor& actor) {
  if (actor.role != Role::admin) return Error(Code::denied, "only admins may do this");
  return {};
}

Result<TitleChange> clean(TitleChange change) {
  if (!change.names && !change.platforms && !change.publisher && !change.crest)
    return Error(Code::invalid, "names, platforms, publisher or crest: at least one is needed");
  if (change.names) {
    TRY_ASSIGN(change.names, clean_names(std::move(*change.names)));
  }
  if (change.platforms) {
    TRY_ASSIGN(change.platforms, clean_platforms(std::move(*change.platforms)));
  }
  if (change.publisher) {
    TRY_ASSIGN(change.publisher, clean_publisher(*change.publisher));
  }
  if (change.crest) {
    TRY_ASSIGN(change.crest, clean_crest(*change.crest));
  }
  return change;
}

Result<CommunityChange> clean(CommunityChange change) {
  if (!change.names && !change.description && !change.post_kinds && !change.who_posts)
    return Error(Code::invalid,
                 "name, names, description, post_kinds or who_posts: at least one is needed");
  if (change.names) {
    TRY_ASSIGN(change.names, clean_names(std::move(*change.names)));
  }
  if (change.description) {
    TRY_ASSIGN(change.description, clean_description(*change.description));
  }
  return change;
}

Result<NewCommunity> clean(NewCommunity wanted) {
  if (wanted.kind == CommunityKind::main)
    return Error(Code::invalid, "kind: a title brings its main community with it");
  TRY_ASSIGN(wanted.names, clean_names(std::move(wanted.names)));
  TRY_ASSIGN(wanted.description, clean_description(wanted.description));
  return wanted;
}

// Inside the transaction: the credential may be of a time that a restore took back.
Result<void> check_account(sql::Connection& connection, AccountId account) {
  const auto row = account::account_of(connection, account);
  if (!row.ok() && row.error().code() == Code::not_found)
    return Error(Code::unauthenticated, "your account is not here any more: sign up again");
  TRY(row);
  return {};
}

template <class T, class Fact>
typename Made<T>::Kind kind_of(const Earlier<Fact>& earlier) {
  return earlier.fact ? Made<T>::Kind::replayed : Made<T>::Kind::key_reused;
}

}  // namespace

template <class T, class Body>
void Communities::commit(AccountId account, io::Executor& executor, Body body,
                         Completion<Committed<T>> done) {
  stream::commit<T>(
      {.outbox = parts_.outbox, .clock = parts_.clock, .executor = executor}, std::move(body),
      [account](const Event&) { return account; },
      [this](const std::vector<Event>& facts, const Position& position) {
        publish(facts, position);
      },
      std::move(done));
}

void Communities::publish(const std::vector<Event>& facts, const Position& position) {
  for (const Event& fact : facts) {
    if (const auto* community = std::get_if<CommunityChanged>(&fact))
      parts_.directory.apply(*community);
    if (const auto* title = std::get_if<TitleChanged>(&fact)) parts_.directory.apply(*title);
  }
  parts_.outbox.committed(position);
}

auto Communities::make_title(sql::Connection& connection, AccountId account, const NewTitle& wanted,
                             const Retry& retry) -> Result<Changed<Made<Title>>> {
  TRY_ASSIGN(const auto earlier, earlier_under<TitleChanged>(connection, account, retry));
  if (earlier)
    return Changed<Made<Title>>{
        .value = {.kind = kind_of<Title>(*earlier),
                  .value = earlier->fact ? title_in(*earlier->fact) : Title{}}};
  TRY_ASSIGN(const std::uint64_t id, parts_.ids.next());
  TRY_ASSIGN(const std::uint64_t main, parts_.ids.next());
  TitleWithMain made = new_title(TitleId{id}, CommunityId{main}, wanted);
  TRY(insert_titles(connection, {made.title}));
  TRY(insert_communities(connection, {made.main}));
  TRY(keep_key(connection, account, retry, fact_of(made.title), parts_.clock.unix_ms()));
  Changed<Made<Title>> changed{.facts = {fact_of(made.title), fact_of(made.main)}};
  changed.value.value = std::move(made.title.title);
  return changed;
}

void Communities::create_title(const Actor& actor, NewTitle wanted, const Retry& retry,
                               io::Executor& executor, Completion<Committed<Made<Title>>> done) {
  auto cleaned = clean_title(std::move(wanted));
  if (!cleaned.ok()) return done(cleaned.error());
  if (const auto allowed = check_admin(actor); !allowed.ok()) return done(allowed.error());
  commit<Made<Title>>(
      actor.account, executor,
      [this, account = actor.account, retry, wanted = std::move(cleaned).value()](
          sql::Connection& connection) { return make_title(connection, account, wanted, retry); },
      std::move(done));
}

void Communities::change_title(const Actor& actor, TitleId title, TitleChange change,
                               io::Executor& executor, Completion<Committed<Title>> done) {
  auto cleaned = clean(std::move(change));
  if (!cleaned.ok()) return done(cleaned.error());
  if (const auto allowed = check_admin(actor); !allowed.ok()) return done(allowed.error());
  commit<Title>(
      actor.account, executor,
      [title,
       change = std::move(cleaned).value()](sql::Connection& connection) -> Result<Changed<Title>> {
        TRY_ASSIGN(TitleRow row, title_of(connection, title));
        if (change.names) row.title.names = *change.names;
        if (change.platforms) row.title.platforms = *change.platforms;
        if (change.publisher) row.title.publisher = *change.publisher;
        if (change.crest) row.title.crest = *change.crest;
        ++row.rev;
        TRY(update_title(connection, row));
        return Changed<Title>{.value = row.title, .facts = {fact_of(row)}};
      },
      std::move(done));
}

auto Communities::make_community(sql::Connection& connection, AccountId account,
                                 const NewCommunity& wanted, const Retry& retry)
    -> Result<Changed<Made<Community>>> {
  TRY(check_account(connection, account));
  TRY_ASSIGN(const auto earlier, earlier_under<CommunityChanged>(connection, account, retry));
  if (earlier)
    return Changed<Made<Community>>{
        .value = {.kind = kind_of<Community>(*earlier),
                  .value = earlier->fact ? community_in(*earlier->fact) : Community{}}};
  TRY(title_of(connection, wanted.title));
  const bool is_owned = wanted.kind == CommunityKind::user;
  if (is_owned) {
    TRY_ASSIGN(const std::size_t count, owned_count(connection, account, wanted.title));
    if (count >= owned_count_max)
      return Error(Code::exhausted, "4 communities of this title are yours, the most there may be");
  }
  TRY_ASSIGN(const std::uint64_t id, parts_.ids.next());
  const CommunityRow row = new_community(CommunityId{id}, is_owned ? account : AccountId{}, wanted);
  TRY(insert_communities(connection, {row}));
  TRY(keep_key(connection, account, retry, fact_of(row), parts_.clock.unix_ms()));
  return Changed<Made<Community>>{.value = {.value = row.community}, .facts = {fact_of(row)}};
}

void Communities::create_community(const Actor& actor, NewCommunity wanted, const Retry& retry,
                                   io::Executor& executor,
                                   Completion<Committed<Made<Community>>> done) {
  auto cleaned = clean(std::move(wanted));
  if (!cleaned.ok()) return done(cleaned.error());
  if (cleaned.value().kind != CommunityKind::user)
    if (const auto allowed = check_admin(actor); !allowed.ok()) return done(allowed.error());
  commit<Made<Community>>(
      actor.account, executor,
      [this, account = actor.account, retry,
       wanted = std::move(cleaned).value()](sql::Connection& connection) {
        return make_community(connection, account, wanted, retry);
      },
      std::move(done));
}

void Communities::change_community(const Actor& actor, CommunityId community,
                                   CommunityChange change, io::Executor& executor,
                                   Completion<Committed<Community>> done) {
  auto cleaned = clean(std::move(change));
  if (!cleaned.ok()) return done(cleaned.error());
  commit<Community>(
      actor.account, executor,
      [actor, community, change = std::move(cleaned).value()](
          sql::Connection& connection) -> Result<Changed<Community>> {
        TRY_ASSIGN(CommunityRow row, community_of(connection, community));
        Rules& rules = row.community.rules;
        const bool is_owner = rules.owner && rules.owner == actor.account;
        const bool may_change = rules.kind == CommunityKind::user ? is_owner || is_staff(actor.role)
                                                                  : actor.role == Role::admin;
        if (!may_change) return Error(Code::denied, "this community is not yours to change");
        if (change.names) row.community.names = *change.names;
        if (change.description) row.community.description = *change.description;
        if (change.post_kinds) rules.post_kinds = *change.post_kinds;
        if (change.who_posts) rules.who_posts = *change.who_posts;
        ++row.rev;
        TRY(update_community(connection, row));
        return Changed<Community>{.value = row.community, .facts = {fact_of(row)}};
      },
      std::move(done));
}

}  // namespace matsuri::community
