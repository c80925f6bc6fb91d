#include "checker.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "account/query.h"
#include "community/query.h"
#include "empathy/query.h"
#include "notification/query.h"
#include "timeline/follow_query.h"
#include "timeline/query.h"

namespace matsuri::property {
namespace {

constexpr AccountId visitor{};

template <class Tag>
std::string list_of(const std::vector<Id<Tag>>& ids) {
  std::string text;
  for (const Id<Tag> id : ids) text += ' ' + id.to_string();
  return text.empty() ? " nothing" : text;
}

class Checker {
 public:
  Checker(ServerNode& node, const Model& model, std::mt19937_64& random)
      : node_(node), model_(model), random_(random), state_(model.state()) {
    viewers_.push_back(visitor);
    for (const auto& [id, person] : model.people) viewers_.push_back(id);
  }

  std::string run() {
    check_main();
    check_fates();
    check_facts();
    for (const AccountId viewer : viewers_) {
      who_ = viewer ? model_.people.at(viewer).handle : "a visitor";
      check_feeds(viewer);
      check_people(viewer);
      if (!viewer) continue;
      check_home(viewer);
      check_notices(viewer);
    }
    for (const auto& [id, post] : state_.posts) check_post(id, post);
    for (const auto& [id, rules] : model_.communities) check_community(id);
    return wrong_;
  }

 private:
  void complain(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  template <class Tag>
  void expect_ids(const std::string& what, std::vector<Id<Tag>> found,
                  std::vector<Id<Tag>> wanted) {
    if (found != wanted)
      complain(what + " for " + who_ + ": found" + list_of(found) + "; the model has" +
               list_of(wanted));
  }
  void expect_number(const std::string& what, std::uint64_t found, std::uint64_t wanted) {
    if (found != wanted)
      complain(what + " for " + who_ + ": " + std::to_string(found) + ", the model has " +
               std::to_string(wanted));
  }

  template <class Body>
  auto read(sql::Db& db, Body body) -> decltype(body(std::declval<sql::Connection&>())) {
    std::optional<decltype(body(std::declval<sql::Connection&>()))> found;
    const Result<void> done = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      found.emplace(body(connection));
      return {};
    });
    if (!found) return done.error();
    return std::move(*found);
  }

  std::size_t page_size() { return 1 + random_() % 20; }

  // One of the reads through Home, as a route does it: from memory where all of it is there, else
  // on a reader's thread.
  template <class Body>
  Result<timeline::FeedPage> read_page(Body body) {
    TRY_ASSIGN(auto known, body(timeline::Home::Access{}));
    if (known) return std::move(*known);
    const timeline::Home::Moment moment = node_.home.now();
    return read(*node_.timeline_db, [&](sql::Connection& connection) -> Result<timeline::FeedPage> {
      TRY_ASSIGN(auto page, body(timeline::Home::Access{&connection, moment}));
      return std::move(*page);
    });
  }

  // All pages of a feed; `read_from` gets where the page begins.
  template <class ReadPage>
  std::vector<PostId> walk(const std::string& what, ReadPage read_from) {
    std::vector<PostId> ids;
    PostId at;
    do {
      const Result<timeline::FeedPage> page = read_from(at);
      if (!page.ok()) {
        complain(what + " for " + who_ + ": " + page.error().to_string());
        return ids;
      }
      for (const timeline::RowPtr& row : page->posts) {
        ids.push_back(row->post.id);
        check_shown(what, row->post);
      }
      at = page->next;
    } while (at);
    return ids;
  }

  void check_shown(const std::string& what, const timeline::Post& shown) {
    const auto found = state_.posts.find(shown.id);
    if (found == state_.posts.end())
      return complain(what + " for " + who_ + ": " + shown.id.to_string() + " is not the model's");
    const Post& post = found->second;
    const Person& author = model_.people.at(post.said.author);
    const bool is_same = shown.author.id == post.said.author && shown.author.name == author.name &&
                         shown.author.handle == author.handle &&
                         shown.community == post.said.community &&
                         shown.parent == post.said.parent && shown.text == post.said.text &&
                         shown.feeling == post.said.feeling && shown.spoiler == post.said.spoiler &&
                         shown.tag == post.said.tag && shown.drawn == !post.said.drawing.empty() &&
                         (shown.edited_unix_ms != 0) == post.is_edited;
    if (!is_same)
      complain(what + " for " + who_ + ": " + shown.id.to_string() + " says another thing");
    expect_number("comments of " + shown.id.to_string(), shown.comment_count, post.comment_count);
    expect_number("empathies of " + shown.id.to_string(), shown.empathy_count,
                  post.empathies.size());
  }

  void check_main() {
    for (const auto& [id, person] : model_.people) {
      const auto row = read(*node_.main_db, [&](sql::Connection& connection) {
        return account::account_named(connection, person.handle);
      });
      if (!row.ok() || row->account.id != id || row->account.name != person.name ||
          row->account.role != person.role ||
          row->account.follows_shown_to != person.follows_shown_to ||
          row->account.empathies_shown_to != person.empathies_shown_to)
        complain("the account of " + person.handle + " is another");
      const auto pairs = [&](auto query, Model::Pair pair) {
        const auto found = read(*node_.main_db,
                                [&](sql::Connection& connection) { return query(connection, id); });
        std::set<AccountId> ids;
        if (found.ok())
          for (const account::Account& one : *found) ids.insert(one.id);
        if (!found.ok() || ids != model_.targets(pair, id))
          complain("blocks or mutes of " + person.handle + " are others");
      };
      pairs(account::blocks_of, Model::Pair::block);
      pairs(account::mutes_of, Model::Pair::mute);
      const auto settings = read(*node_.notification_db, [&](sql::Connection& connection) {
        return notification::read_settings(connection, id);
      });
      if (!settings.ok() || *settings != model_.settings(id))
        complain("the settings of " + person.handle + " are others");
    }
  }

  // What was answered is there once, or was refused for the right reason.
  void check_fates() {
    for (const Sent& sent : model_.sent()) {
      const auto fate = state_.fates.find(sent.position);
      if (fate == state_.fates.end()) continue;
      const auto status = read(*node_.timeline_db, [&](sql::Connection& connection) {
        return stream::command_status(connection, "timeline", sent.position);
      });
      using State = stream::CommandState;
      const State wanted = fate->second == Fate::applied     ? State::applied
                           : fate->second == Fate::duplicate ? State::duplicate
                                                             : State::refused;
      if (!status.ok() || status->state != wanted)
        complain("the command at " + sent.position.to_string() + " was to meet fate " +
                 std::to_string(static_cast<int>(wanted)) + ", and met " +
                 (status.ok() ? std::to_string(static_cast<int>(status->state))
                              : status.error().to_string()));
    }
  }

  // Each post is told once, and each deletion.
  void check_facts() {
    const auto facts = node_.timeline_outbox->read(0, 1'000'000);
    if (!facts.ok()) return complain(facts.error().to_string());
    std::map<PostId, int> published, deleted;
    for (const stream::Record& record : *facts) {
      if (const auto* post = std::get_if<PostPublished>(&record.event)) ++published[post->post];
      if (const auto* gone = std::get_if<PostDeleted>(&record.event)) ++deleted[gone->post];
    }
    for (const auto& [id, post] : state_.posts) {
      if (published[id] != 1 && !(post.is_deleted && published[id] == 0))
        complain("post " + id.to_string() + " was told " + std::to_string(published[id]) +
                 " times");
      if (deleted[id] != (post.is_deleted ? 1 : 0))
        complain("the deletion of " + id.to_string() + " was told " + std::to_string(deleted[id]) +
                 " times");
      published.erase(id);
    }
    if (!published.empty())
      complain("post " + published.begin()->first.to_string() +
               " was told, and is not the model's");
  }

  void check_feeds(AccountId viewer) {
    for (const auto& [community, rules] : model_.communities) {
      const std::string what = "the feed of " + community.to_string();
      expect_ids(what,
                 walk(what,
                      [&](PostId before) {
                        return read_page([&](const timeline::Home::Access& access) {
                          return node_.home.read(access, {.viewer = viewer,
                                                          .source = timeline::Source::of(community),
                                                          .before = before,
                                                          .count_max = page_size()});
                        });
                      }),
                 model_.feed(state_, community, viewer));
    }
    for (const auto& [author, person] : model_.people) {
      for (const bool drawings_only : {false, true}) {
        const std::string what =
            std::string(drawings_only ? "drawings" : "posts") + " of " + person.handle;
        expect_ids(what,
                   walk(what,
                        [&](PostId before) {
                          return read_page([&](const timeline::Home::Access& access) {
                            return timeline::read_profile(node_.home, access,
                                                          {.handle = person.handle,
                                                           .viewer = viewer,
                                                           .drawings_only = drawings_only,
                                                           .before = before,
                                                           .count_max = page_size()});
                          });
                        }),
                   model_.profile(state_, author, viewer, drawings_only));
      }
    }
  }

  void check_home(AccountId viewer) {
    expect_ids("home",
               walk("home",
                    [&](PostId before) {
                      return read_page([&](const timeline::Home::Access& access) {
                        return node_.home.read(
                            access, {.viewer = viewer, .before = before, .count_max = page_size()});
                      });
                    }),
               model_.home(state_, viewer));
    std::vector<CommunityId> wanted;
    for (const auto& [account, kind, target] : state_.follows)
      if (account == viewer && kind == FollowKind::community) wanted.push_back(CommunityId{target});
    const auto found = read(*node_.timeline_db, [&](sql::Connection& connection) {
      return timeline::read_followed_communities(connection, viewer);
    });
    expect_ids("followed communities", found.ok() ? *found : std::vector<CommunityId>(), wanted);
  }

  std::vector<AccountId> followers(AccountId target) const {
    std::vector<AccountId> found;
    for (const auto& [account, kind, id] : state_.follows)
      if (kind == FollowKind::person && id == target.value) found.push_back(account);
    return found;
  }
  std::vector<AccountId> followed_by(AccountId person) const {
    std::vector<AccountId> found;
    for (const auto& [account, kind, id] : state_.follows)
      if (kind == FollowKind::person && account == person) found.push_back(AccountId{id});
    return found;
  }

  void check_people(AccountId viewer) {
    for (const auto& [id, person] : model_.people) {
      check_relation(viewer, id, person);
      using Which = timeline::PeopleQuery::Which;
      for (const Which which : {Which::followers, Which::following})
        check_follow_list(viewer, id, person, which);
      check_felt(viewer, id, person);
    }
  }

  void check_relation(AccountId viewer, AccountId id, const Person& person) {
    const auto relation = read(*node_.timeline_db, [&](sql::Connection& connection) {
      return timeline::read_relation(connection, person.handle, viewer);
    });
    if (relation.ok() == model_.is_blocked(viewer, id))
      return complain(person.handle + " is found across a block, or not found by " + who_);
    if (!relation.ok()) return;
    expect_number("posts of " + person.handle, relation->post_count,
                  model_.profile(state_, id, visitor, false).size());
    expect_number("followers of " + person.handle, relation->follower_count, followers(id).size());
    expect_number("people followed by " + person.handle, relation->following_count,
                  followed_by(id).size());
    const bool is_followed = state_.is_followed({viewer, FollowKind::person, id.value});
    const bool follows_back = state_.is_followed({id, FollowKind::person, viewer.value});
    expect_number("the follow of " + person.handle, relation->followed, is_followed);
    expect_number("the follow by " + person.handle, relation->follows_viewer, follows_back);
  }

  void check_follow_list(AccountId viewer, AccountId id, const Person& person,
                         timeline::PeopleQuery::Which which) {
    const bool is_followers = which == timeline::PeopleQuery::Which::followers;
    const std::string what =
        (is_followers ? "followers of " : "people followed by ") + person.handle;
    const bool is_open = !model_.is_blocked(viewer, id) &&
                         (viewer == id || person.follows_shown_to == Audience::everyone);
    std::vector<AccountId> found;
    std::optional<Cursor> before = Cursor{};
    do {
      const auto page = read(*node_.timeline_db, [&](sql::Connection& connection) {
        return timeline::read_people(connection, {.which = which,
                                                  .handle = person.handle,
                                                  .viewer = viewer,
                                                  .before = *before,
                                                  .count_max = page_size()});
      });
      if (page.ok() != is_open) return complain(what + " are open or closed to " + who_);
      if (!page.ok()) return;
      for (const timeline::Author& one : page->people) found.push_back(one.id);
      before = page->next;
    } while (before);
    std::vector<AccountId> wanted = is_followers ? followers(id) : followed_by(id);
    std::erase_if(wanted, [&](AccountId one) {
      const bool is_kept = viewer != id && viewer != one &&
                           model_.people.at(one).follows_shown_to == Audience::nobody;
      return is_kept || model_.is_blocked(viewer, one);
    });
    expect_ids(what, found, wanted);
  }

  // With which posts somebody feels empathy, whoever may read those.
  void check_felt(AccountId viewer, AccountId id, const Person& person) {
    const std::string what = "empathies by " + person.handle;
    const bool is_open = viewer == id || (!model_.is_blocked(viewer, id) &&
                                          person.empathies_shown_to == Audience::everyone);
    const auto page = read(*node_.empathy_db, [&](sql::Connection& connection) {
      return empathy::read_posts(connection,
                                 {.handle = person.handle, .viewer = viewer, .count_max = 1000});
    });
    if (page.ok() != is_open) return complain(what + " are open or closed to " + who_);
    if (!page.ok()) return;
    std::vector<PostId> found = page->posts, wanted;
    std::ranges::sort(found);
    for (const auto& [post, known] : state_.posts)
      if (std::ranges::find(known.empathies, id) != known.empathies.end()) wanted.push_back(post);
    expect_ids(what, found, wanted);
  }

  void check_post(PostId id, const Post& post) {
    const AccountId viewer = viewers_[random_() % viewers_.size()];
    who_ = viewer ? model_.people.at(viewer).handle : "a visitor";
    const std::string name = id.to_string();
    const auto shown = read(*node_.timeline_db, [&](sql::Connection& connection) {
      return timeline::read_post(connection, id, viewer);
    });
    if (shown.ok() != model_.is_shown(state_, post, viewer))
      return complain(name + " is shown or hidden from " + who_);
    if (!shown.ok()) return;
    check_shown("post", *shown);
    expect_ids(
        "comments on " + name,
        walk("comments on " + name,
             [&](PostId after) {
               return read_page([&](const timeline::Home::Access& access) {
                 return timeline::read_comments(
                     node_.home, access,
                     {.post = id, .viewer = viewer, .after = after, .count_max = page_size()});
               });
             }),
        model_.comments(state_, id, viewer));
    check_empathies(id, post, viewer);
  }

  void check_empathies(PostId id, const Post& post, AccountId viewer) {
    std::vector<AccountId> found;
    std::optional<Cursor> before = Cursor{};
    do {
      const auto page = read(*node_.empathy_db, [&](sql::Connection& connection) {
        return empathy::read_people(connection, {.post = id,
                                                 .post_author = post.said.author,
                                                 .viewer = viewer,
                                                 .before = *before,
                                                 .count_max = page_size()});
      });
      if (!page.ok()) return complain(page.error().to_string());
      for (const people::Person& one : page->people) found.push_back(one.id);
      before = page->next;
    } while (before);
    expect_ids("people who feel empathy with " + id.to_string(), found,
               model_.empathies(state_, id, viewer));
  }

  void check_community(CommunityId community) {
    who_ = "everybody";
    const std::string name = community.to_string();
    std::uint64_t follower_count = 0;
    for (const auto& [account, kind, target] : state_.follows)
      if (kind == FollowKind::community && target == community.value) ++follower_count;
    const std::vector<PostId> posts = model_.feed(state_, community, visitor);
    const auto relation = read(*node_.timeline_db, [&](sql::Connection& connection) {
      return timeline::read_community_relation(connection, community, visitor);
    });
    if (!relation.ok()) return complain(relation.error().to_string());
    expect_number("posts in " + name, relation->post_count, posts.size());
    expect_number("followers of community " + name, relation->follower_count, follower_count);
    check_rankings(community, posts);
  }

  void check_rankings(CommunityId community, const std::vector<PostId>& posts) {
    using timeline::Ranked;
    const auto ranking = [&](Ranked ranked, std::int64_t day) {
      return read(*node_.timeline_db, [&](sql::Connection& connection) {
        return timeline::read_ranking(connection,
                                      {.community = community, .ranked = ranked, .day = day});
      });
    };
    // In floats here, in millionths there: what is as good as equal may stand in either order.
    const auto heat = [&](PostId id) {
      const Post& post = state_.posts.at(id);
      return std::log2(1.0 + static_cast<double>(post.empathies.size())) +
             std::log2(1.0 + static_cast<double>(post.comment_count)) / 2 +
             static_cast<double>(parts_of(id.value).unix_ms) / 45e6;
    };
    expect_ranked("hot posts of " + community.to_string(), ranking(Ranked::hot, 0), posts,
                  [&](PostId before, PostId after) { return heat(before) >= heat(after) - 4e-6; });
    std::map<std::int64_t, std::vector<PostId>> days;
    for (const PostId id : posts) days[parts_of(id.value).unix_ms / 86'400'000].push_back(id);
    const auto count = [&](PostId id) { return state_.posts.at(id).empathies.size(); };
    for (const auto& [day, of_day] : days)
      expect_ranked("popular posts of " + community.to_string(), ranking(Ranked::popular, day),
                    of_day, [&](PostId before, PostId after) {
                      return std::pair(count(before), before) > std::pair(count(after), after);
                    });
  }

  template <class InOrder>
  void expect_ranked(const std::string& what, Result<std::vector<PostId>> found,
                     std::vector<PostId> wanted, InOrder in_order) {
    if (!found.ok()) return complain(found.error().to_string());
    const auto wrong = std::ranges::adjacent_find(
        *found, [&](PostId before, PostId after) { return !in_order(before, after); });
    if (wrong != found->end()) complain(what + " are in another order:" + list_of(*found));
    std::ranges::sort(*found);
    std::ranges::sort(wanted);
    expect_ids(what, *found, wanted);
  }

  void check_notices(AccountId recipient) {
    const auto page = read(*node_.notification_db, [&](sql::Connection& connection) {
      return notification::read_page(connection, {.recipient = recipient, .count_max = 1000});
    });
    if (!page.ok()) return complain(page.error().to_string());
    std::map<std::pair<notification::Kind, std::uint64_t>, const notification::Notice*> found;
    for (const notification::Notice& notice : page->notices) {
      const bool is_follow = notice.kind == notification::Kind::follow;
      const std::uint64_t object = is_follow ? recipient.value : notice.post.value;
      if (!found.emplace(std::pair(notice.kind, object), &notice).second)
        complain(who_ + " has two notices of one thing");
    }
    std::uint64_t unread_min = 0, unread_max = 0;
    for (const Notice& wanted : state_.notices[recipient]) {
      const std::string name =
          std::string(name_of(wanted.kind)) + ' ' + std::to_string(wanted.object);
      if (!wanted.sure.empty() && wanted.is_unread) ++unread_min;
      if (!wanted.is_read) ++unread_max;
      const auto one = found.find({wanted.kind, wanted.object});
      if (one != found.end()) {
        check_notice(name, *one->second, wanted);
        found.erase(one);
      } else if (!wanted.sure.empty()) {
        complain(who_ + " was not notified of " + name);
      }
    }
    for (const auto& [key, notice] : found)
      complain(who_ + " was notified of " + std::string(name_of(key.first)) + ' ' +
               std::to_string(key.second) + ", which is not the model's");
    if (page->unread_count < unread_min || page->unread_count > unread_max)
      complain(std::to_string(page->unread_count) + " notices of " + who_ +
               " are unread, the model has " + std::to_string(unread_min) + " to " +
               std::to_string(unread_max));
  }

  void check_notice(const std::string& name, const notification::Notice& found,
                    const Notice& wanted) {
    const std::size_t count_min = wanted.sure.size();
    const std::size_t count_max = count_min + wanted.maybe.size();
    if (found.people_count < count_min || found.people_count > count_max)
      complain("people in " + name + " for " + who_ + ": " + std::to_string(found.people_count) +
               ", the model has " + std::to_string(count_min) + " to " + std::to_string(count_max));
    std::set<AccountId> shown;
    for (const people::Person& person : found.people) {
      shown.insert(person.id);
      if (!wanted.sure.contains(person.id) && !wanted.maybe.contains(person.id))
        complain(person.handle + " is shown to " + who_ + " in " + name);
    }
    if (shown.size() != std::min<std::size_t>(3, found.people_count))
      complain("too few people are shown to " + who_ + " in " + name);
    if ((wanted.is_unread && !found.is_unread) || (wanted.is_read && found.is_unread))
      complain(name + " is " + (found.is_unread ? "unread" : "read") + " by " + who_);
  }

  ServerNode& node_;
  const Model& model_;
  std::mt19937_64& random_;
  State state_;
  std::vector<AccountId> viewers_;
  std::string who_;
  std::string wrong_;
};

}  // namespace

std::string difference(ServerNode& node, const Model& model, std::mt19937_64& random) {
  return Checker(node, model, random).run();
}

}  // namespace matsuri::property
