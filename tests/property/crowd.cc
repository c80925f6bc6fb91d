#include "crowd.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "drawing/testing/made.h"
#include "notification/query.h"
#include "timeline/follow_query.h"
#include "timeline/query.h"

namespace matsuri::property {
namespace {

constexpr int people_count = 6;

io::Executor& here() {
  static io::InlineExecutor executor;
  return executor;
}

IdempotencyKey key_of(std::uint64_t number) {
  IdempotencyKey key;
  key.bytes.fill(std::byte{0x5a});
  std::memcpy(key.bytes.data(), &number, sizeof number);
  return key;
}

std::uint8_t kinds_of(const timeline::NewPost& wanted) {
  const unsigned text = wanted.text.empty() ? 0 : post_kind_text;
  return static_cast<std::uint8_t>(text | (wanted.drawing ? post_kind_drawing : 0U));
}

// A disk that is slow just now: nothing happened, and nobody is to blame.
template <class T>
bool is_busy(const Result<T>& told) {
  return !told.ok() && told.error().code() == Code::busy;
}

std::string text_of(const Result<void>& result) { return result.error().to_string(); }

}  // namespace

Crowd::Crowd(World& world, std::mt19937_64& random) : world_(world), random_(random) {
  ServerNode& node = world_.node();
  std::vector<account::ImportedAccount> wanted;
  for (int number = 1; number <= people_count; ++number)
    wanted.push_back({.source = "crowd",
                      .source_id = std::to_string(number),
                      .handle = "person_" + std::to_string(number),
                      .name = "Person " + std::to_string(number),
                      .id = AccountId{node.ids->next().value()},
                      .bio = ""});
  const auto made = node.accounts->import(wanted);
  MATSURI_ASSERT(made.ok());
  for (const account::ImportedAccount& one : wanted)
    world_.model().people[one.id] = {.handle = one.handle, .name = one.name};
  admin_ = wanted.front().id;
  const auto role = ask<account::Committed<account::Account>>([&](auto done) {
    node.accounts->set_role(wanted.front().handle, Role::admin, here(), std::move(done));
  });
  MATSURI_ASSERT(role.ok());
  world_.model().people[admin_].role = Role::admin;
  make_communities();
}

template <class T, class Call>
Result<T> Crowd::ask(Call call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future = promise->get_future();
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  return future.get();
}

template <class T, class Call, class Took>
void Crowd::send(Call call, Took took) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = std::make_shared<std::future<Result<T>>>(promise->get_future());
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  pending_.push_back([future, took] { took(future->get()); });
  if (chance(40)) collect();
}

void Crowd::collect() {
  while (!pending_.empty()) {
    pending_.front()();
    pending_.pop_front();
  }
}

void Crowd::note(const Position& position, Event event, const IdempotencyKey& key) {
  world_.model().take({.position = position, .key = key, .event = std::move(event)});
}

void Crowd::make_communities() {
  Model& model = world_.model();
  community::Communities& communities = *world_.node().communities;
  const community::Actor admin{.account = admin_, .role = Role::admin};
  const community::NewTitle lanterns{.names = {{"en", "Lanterns"}}, .platforms = {}};
  const auto make_title = [&] {
    return ask<account::Committed<community::Made<community::Title>>>([&](auto done) {
      communities.create_title(admin, lanterns, {.key = key_of(1), .fingerprint = 1}, here(),
                               std::move(done));
    });
  };
  const auto title = make_title(), again = make_title();
  MATSURI_ASSERT(title.ok() && again.ok());
  const community::Title& made = title->value.value;
  if (again->value.value.id != made.id) complain("a title was made twice under one key");
  model.communities[made.main_community] = {};
  const AccountId owner = std::next(model.people.begin())->first;
  for (const CommunityKind kind : {CommunityKind::user, CommunityKind::announcement}) {
    const bool is_owned = kind == CommunityKind::user;
    const auto community =
        ask<account::Committed<community::Made<community::Community>>>([&](auto done) {
          communities.create_community(
              is_owned ? community::Actor{.account = owner, .role = Role::user} : admin,
              {.title = made.id, .kind = kind, .names = {{"en", "Here"}}}, {}, here(),
              std::move(done));
        });
    MATSURI_ASSERT(community.ok());
    model.communities[community->value.value.id] = {
        .owner = is_owned ? owner : AccountId{},
        .who_posts = is_owned ? Posters::everyone : Posters::staff};
  }
}

AccountId Crowd::anybody() {
  const auto& people = world_.model().people;
  return std::next(people.begin(), static_cast<std::ptrdiff_t>(below(people.size())))->first;
}

// The newest ones most often, so that people meet there.
template <class T>
const T* Crowd::any_sent() {
  const std::vector<Sent>& sent = world_.model().sent();
  for (int tries = 0; tries < 40 && !sent.empty(); ++tries) {
    const std::size_t reach = chance(50) ? 20 : chance(60) ? 80 : sent.size();
    const Sent& one = sent[sent.size() - 1 - below(std::min(reach, sent.size()))];
    if (const auto* event = std::get_if<T>(&one.event)) return event;
  }
  return nullptr;
}

std::optional<PostId> Crowd::any_post(bool with_comments) {
  for (int tries = 0; tries < 10; ++tries) {
    const auto* const post = any_sent<PublishPost>();
    if (post != nullptr && (with_comments || !post->parent)) return post->post;
  }
  return std::nullopt;
}

// As the routes of every command do first.
std::optional<timeline::Post> Crowd::see(PostId post, AccountId viewer) {
  std::optional<timeline::Post> seen;
  const Result<void> read =
      world_.node().timeline_db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        const auto found = timeline::read_post(connection, post, viewer);
        if (found.ok()) seen = *found;
        return {};
      });
  if (!read.ok()) complain(text_of(read));
  return seen;
}

void Crowd::act() {
  using Action = void (Crowd::*)();
  struct Weighted {
    std::uint64_t weight;
    Action action;
  };
  static constexpr Weighted all[] = {
      {18, &Crowd::post},          {14, &Crowd::comment},         {8, &Crowd::retry},
      {7, &Crowd::edit},           {5, &Crowd::remove},           {22, &Crowd::empathize},
      {10, &Crowd::follow_person}, {4, &Crowd::follow_community}, {6, &Crowd::block_or_mute},
      {3, &Crowd::change_profile}, {1, &Crowd::change_role},      {1, &Crowd::change_rules},
      {1, &Crowd::choose_kinds}};
  std::uint64_t total = 0;
  for (const Weighted& one : all) total += one.weight;
  std::uint64_t chosen = below(total);
  for (const Weighted& one : all) {
    if (chosen < one.weight) return (this->*one.action)();
    chosen -= one.weight;
  }
}

timeline::NewPost Crowd::new_post(AccountId author) {
  const Person& person = world_.model().people.at(author);
  timeline::NewPost wanted{.author = {.id = author, .handle = person.handle, .name = person.name},
                           .role = person.role,
                           .language = "en",
                           .feeling = static_cast<std::uint32_t>(below(6)),
                           .spoiler = chance(10),
                           .tag = chance(20) ? "tag" : ""};
  ++number_;
  if (chance(15)) {
    wanted.drawing = drawing::clean(drawing::testing::made({.seed = number_})).value();
    if (chance(50)) return wanted;
  }
  // Some of what people say they have said a moment before.
  wanted.text =
      chance(12) ? "again, " + std::to_string(below(3)) : "wish " + std::to_string(number_);
  return wanted;
}

void Crowd::post() {
  const auto& communities = world_.model().communities;
  timeline::NewPost wanted = new_post(anybody());
  wanted.community =
      std::next(communities.begin(), static_cast<std::ptrdiff_t>(below(communities.size())))->first;
  std::optional<std::size_t> wish;
  if (chance(50)) {
    wanted.key = key_of(1'000 + wishes_.size());
    wanted.fingerprint = 1'000 + wishes_.size();
    wish = wishes_.size();
    wishes_.push_back({.wanted = wanted, .told = {}});
  }
  publish(wanted, wish);
}

void Crowd::comment() {
  const AccountId author = anybody();
  const auto parent = any_post(false);
  if (!parent) return;
  timeline::NewPost wanted = new_post(author);
  wanted.parent = see(*parent, author);
  if (!wanted.parent) return;
  wanted.community = wanted.parent->community;
  publish(wanted, std::nullopt);
}

// The answer was lost, or somebody uses a key for something else.
void Crowd::retry() {
  collect();
  if (wishes_.empty()) return;
  const std::size_t chosen = below(wishes_.size());
  const Wish& wish = wishes_[chosen];
  if (wish.told.empty()) return;
  timeline::NewPost wanted = wish.wanted;
  wanted.role = world_.model().people.at(wanted.author.id).role;
  if (chance(20)) {
    wanted.fingerprint ^= 0xffff;
    wanted.text = "something else " + std::to_string(++number_);
  }
  publish(wanted, chosen);
}

void Crowd::publish(const timeline::NewPost& wanted, std::optional<std::size_t> wish) {
  const Model& model = world_.model();
  const std::uint8_t kinds = kinds_of(wanted);
  const bool is_taken = (kinds & ~model.communities.at(wanted.community).post_kinds) == 0;
  const bool is_allowed =
      wanted.parent ? is_taken : model.may_post(wanted.author.id, wanted.community, kinds);
  bool is_known = false;
  if (wish) {
    const Wish& sent = wishes_[*wish];
    is_known = !sent.told.empty() && (world_.knows_keys() || sent.life == world_.life());
  }
  send<timeline::Published>(
      [&](auto done) { world_.node().timeline->publish(wanted, here(), std::move(done)); },
      [this, wanted, wish, is_allowed, is_known](const Result<timeline::Published>& told) {
        hear_published(wanted, wish, is_allowed, is_known, told);
      });
}

void Crowd::hear_published(const timeline::NewPost& wanted, std::optional<std::size_t> wish,
                           bool is_allowed, bool is_known,
                           const Result<timeline::Published>& told) {
  if (is_busy(told)) return;
  const std::string what = "\"" + wanted.text + "\" of " + wanted.author.handle;
  if (!told.ok()) {
    const bool is_right = is_allowed ? told.error().code() == Code::conflict && !is_known &&
                                           wanted.text.starts_with("again")
                                     : told.error().code() == Code::denied;
    if (!is_right) complain(what + ": " + told.error().to_string());
    return;
  }
  using Kind = timeline::Published::Kind;
  if (!is_allowed) complain(what + " was taken where it may not be posted");
  if (wish && wishes_[*wish].life != world_.life()) {
    wishes_[*wish].life = world_.life();
    wishes_[*wish].fingerprint = is_known ? wishes_[*wish].wanted.fingerprint : wanted.fingerprint;
  }
  const bool is_other = wish && wishes_[*wish].fingerprint != wanted.fingerprint;
  const Kind expected = !is_known ? Kind::published : is_other ? Kind::key_reused : Kind::replayed;
  if (told->kind != expected) return complain(what + ": the answer is of another kind");
  if (told->kind == Kind::replayed &&
      std::ranges::find(wishes_[*wish].told, told->post.id) == wishes_[*wish].told.end())
    complain(what + ": the retry was told another id");
  if (told->kind != Kind::published) return;
  if (wish) wishes_[*wish].told.push_back(told->post.id);
  note(told->position,
       PublishPost{.post = told->post.id,
                   .community = wanted.community,
                   .author = wanted.author.id,
                   .text = wanted.text,
                   .parent = wanted.parent ? wanted.parent->id : PostId{},
                   .feeling = static_cast<std::uint8_t>(wanted.feeling),
                   .spoiler = wanted.spoiler,
                   .tag = wanted.tag,
                   .drawing = wanted.drawing ? drawing::encode(*wanted.drawing) : ""},
       wanted.key);
}

void Crowd::edit() {
  const auto chosen = any_post(true);
  if (!chosen) return;
  const AccountId reader = anybody();
  const auto seen = see(*chosen, reader);
  if (!seen) return;
  const AccountId author = chance(90) ? seen->author.id : reader;
  timeline::PostChange change{.text = std::nullopt,
                              .feeling = static_cast<std::uint32_t>(below(6)),
                              .spoiler = chance(50),
                              .tag = std::nullopt};
  if (chance(60)) change.text = "edit " + std::to_string(++number_);
  if (chance(30)) change.tag = chance(50) ? "other" : "";
  const unsigned kinds = post_kind_text | (seen->drawn ? post_kind_drawing : 0U);
  const bool is_taken =
      !change.text || (kinds & ~world_.model().communities.at(seen->community).post_kinds) == 0;
  const bool is_allowed = author == seen->author.id && is_taken;
  send<timeline::Edited>(
      [&](auto done) {
        world_.node().timeline->edit(*seen, change, author, here(), std::move(done));
      },
      [this, author, is_allowed](const Result<timeline::Edited>& told) {
        if (is_busy(told)) return;
        if (told.ok() != is_allowed)
          return complain("an edit: " + (told.ok() ? "taken" : told.error().to_string()));
        if (!told.ok()) return;
        const timeline::Post& post = told->post;
        note(told->position, EditPost{.post = post.id,
                                      .community = post.community,
                                      .author = author,
                                      .parent = post.parent,
                                      .text = post.text,
                                      .feeling = post.feeling,
                                      .spoiler = post.spoiler,
                                      .tag = post.tag});
      });
}

void Crowd::remove() {
  const auto chosen = any_post(chance(70));
  if (!chosen) return;
  const AccountId reader = anybody();
  const auto seen = see(*chosen, reader);
  if (!seen) return;
  const AccountId author = chance(90) ? seen->author.id : reader;
  const bool is_allowed = author == seen->author.id;
  send<Position>(
      [&](auto done) { world_.node().timeline->remove(*seen, author, here(), std::move(done)); },
      [this, post = *seen, author, is_allowed](const Result<Position>& told) {
        if (is_busy(told)) return;
        if (told.ok() != is_allowed)
          return complain("a deletion: " + (told.ok() ? "taken" : told.error().to_string()));
        if (!told.ok()) return;
        note(told.value(), DeletePost{.post = post.id,
                                      .community = post.community,
                                      .author = author,
                                      .parent = post.parent});
      });
}

void Crowd::empathize() {
  std::optional<PostId> chosen = any_post(true);
  AccountId account = anybody();
  // People change their minds.
  const auto* const earlier = chance(30) ? any_sent<SetEmpathy>() : nullptr;
  if (earlier != nullptr) {
    chosen = earlier->post;
    account = earlier->account;
  }
  if (!chosen) return;
  ServerNode& node = world_.node();
  Posts posts(*node.timeline_db, *node.empathy_db);
  const auto known = ask<empathy::PostLookup::Known>(
      [&](auto done) { posts.find(*chosen, account, here(), std::move(done)); });
  if (!known.ok()) return;
  const SetEmpathy wanted{.post = *chosen,
                          .post_author = known->author,
                          .community = known->community,
                          .account = account,
                          .given = chance(65)};
  const bool is_allowed = account != known->author;
  send<Position>(
      [&](auto done) {
        node.empathies->set({.post = wanted.post,
                             .post_author = wanted.post_author,
                             .community = wanted.community,
                             .account = account,
                             .given = wanted.given},
                            here(), std::move(done));
      },
      [this, wanted, is_allowed](const Result<Position>& told) {
        if (is_busy(told)) return;
        if (told.ok() != is_allowed)
          return complain("an empathy: " + (told.ok() ? "taken" : told.error().to_string()));
        if (told.ok()) note(told.value(), wanted);
      });
}

void Crowd::follow_person() {
  ServerNode& node = world_.node();
  const AccountId account = anybody(), target = anybody();
  const bool followed = chance(65);
  std::optional<Result<AccountId>> found;
  const Result<void> read =
      node.timeline_db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        found = timeline::find_person_to_follow(connection, world_.model().people.at(target).handle,
                                                account, followed);
        return {};
      });
  if (!read.ok()) return complain(text_of(read));
  if (!found->ok()) return;
  const SetFollow wanted{
      .account = account, .kind = FollowKind::person, .target = target.value, .followed = followed};
  send<Position>([&](auto done) { node.follows->set(wanted, here(), std::move(done)); },
                 [this, wanted](const Result<Position>& told) {
                   if (is_busy(told)) return;
                   const bool is_allowed = wanted.target != wanted.account.value;
                   if (told.ok() != is_allowed) return complain("a follow was taken or refused");
                   if (told.ok()) note(told.value(), wanted);
                 });
}

void Crowd::follow_community() {
  const auto& communities = world_.model().communities;
  const SetFollow wanted{.account = anybody(),
                         .kind = FollowKind::community,
                         .target = std::next(communities.begin(),
                                             static_cast<std::ptrdiff_t>(below(communities.size())))
                                       ->first.value,
                         .followed = chance(65)};
  send<Position>([&](auto done) { world_.node().follows->set(wanted, here(), std::move(done)); },
                 [this, wanted](const Result<Position>& told) {
                   if (is_busy(told)) return;
                   if (!told.ok()) return complain("a follow: " + told.error().to_string());
                   note(told.value(), wanted);
                 });
}

void Crowd::block_or_mute() {
  const AccountId account = anybody(), target = anybody();
  const bool is_block = chance(50), on = chance(40);
  account::Accounts& accounts = *world_.node().accounts;
  const std::string& handle = world_.model().people.at(target).handle;
  const auto told = ask<account::Committed<account::Nothing>>([&](auto done) {
    if (is_block) return accounts.set_block(account, handle, on, here(), std::move(done));
    accounts.set_mute(account, handle, on, here(), std::move(done));
  });
  if (told.ok() != (account != target)) return complain("a block or mute was taken or refused");
  if (!told.ok()) return;
  world_.model().set_pair(is_block ? Model::Pair::block : Model::Pair::mute, account, target, on);
}

void Crowd::change_profile() {
  const AccountId account = anybody();
  Person& person = world_.model().people.at(account);
  account::ProfileChange change;
  const auto audience = [&] { return chance(70) ? Audience::everyone : Audience::nobody; };
  change.name = "Name " + std::to_string(++number_);
  if (chance(50)) change.follows_shown_to = audience();
  if (chance(50)) change.empathies_shown_to = audience();
  const auto told = ask<account::Committed<account::Account>>([&](auto done) {
    world_.node().accounts->change_profile(account, change, here(), std::move(done));
  });
  if (!told.ok()) return complain("a profile: " + told.error().to_string());
  person.name = *change.name;
  person.follows_shown_to = change.follows_shown_to.value_or(person.follows_shown_to);
  person.empathies_shown_to = change.empathies_shown_to.value_or(person.empathies_shown_to);
}

void Crowd::change_role() {
  const AccountId account = anybody();
  if (account == admin_) return;
  const Role role = chance(50) ? Role::user : Role::moderator;
  Person& person = world_.model().people.at(account);
  const auto told = ask<account::Committed<account::Account>>([&](auto done) {
    world_.node().accounts->set_role(person.handle, role, here(), std::move(done));
  });
  if (!told.ok()) return complain("a role: " + told.error().to_string());
  person.role = role;
}

void Crowd::change_rules() {
  auto& communities = world_.model().communities;
  auto& [id, rules] =
      *std::next(communities.begin(), static_cast<std::ptrdiff_t>(below(communities.size())));
  community::CommunityChange change;
  change.who_posts = chance(60) ? Posters::everyone : static_cast<Posters>(below(3));
  change.post_kinds = static_cast<std::uint8_t>(chance(70) ? post_kind_text | post_kind_drawing
                                                           : 1 + static_cast<int>(below(2)));
  const auto told = ask<account::Committed<community::Community>>([&](auto done) {
    world_.node().communities->change_community({.account = admin_, .role = Role::admin}, id,
                                                change, here(), std::move(done));
  });
  if (!told.ok()) return complain("rules: " + told.error().to_string());
  rules.who_posts = *change.who_posts;
  rules.post_kinds = *change.post_kinds;
}

void Crowd::choose_kinds() {
  const AccountId account = anybody();
  const notification::Settings settings{
      .empathy = chance(80), .comment = chance(80), .thread = chance(80), .follow = chance(80)};
  const auto told = ask<bool>([&](auto done) {
    world_.node().notifications->set_settings(
        account, settings, here(), [done = std::move(done)](const Result<void>& result) mutable {
          done(result.ok() ? Result<bool>(true) : Result<bool>(result.error()));
        });
  });
  if (!told.ok()) return complain("settings: " + told.error().to_string());
  world_.model().set_settings(account, settings);
}

void Crowd::read_notifications() {
  ServerNode& node = world_.node();
  Model& model = world_.model();
  for (const auto& [account, person] : model.people) {
    if (chance(30)) continue;
    notification::Page page;
    std::uint64_t newest = 0;
    const Result<void> read =
        node.notification_db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
          TRY_ASSIGN(
              page, notification::read_page(connection, {.recipient = account, .count_max = 1000}));
          TRY_ASSIGN(newest, notification::newest_sequence(connection, account));
          return {};
        });
    if (!read.ok()) return complain(text_of(read));
    const bool reads_all = page.notices.empty() || chance(60);
    const std::size_t from = reads_all ? 0 : below(page.notices.size());
    const std::uint64_t up_to = reads_all ? newest : page.notices[from].sequence;
    if (up_to == 0) continue;
    const auto told = ask<Position>(
        [&](auto done) { node.notifications->mark_read(account, up_to, here(), std::move(done)); });
    if (is_busy(told)) continue;
    if (!told.ok()) return complain("a read mark: " + told.error().to_string());
    if (reads_all) {
      model.mark_all_read(account);
      continue;
    }
    for (std::size_t index = from; index < page.notices.size(); ++index) {
      const notification::Notice& notice = page.notices[index];
      const bool is_follow = notice.kind == notification::Kind::follow;
      model.mark_read({account, notice.kind, is_follow ? account.value : notice.post.value});
    }
  }
}

}  // namespace matsuri::property
