// Goal: titles and communities are what the API promises, on both engines: who may make and change
// what, a title and its main community in one, one fact a change, and rules that count at once.
#include <algorithm>
#include <optional>

#include "community/testing/fixture.h"

namespace matsuri::community {
namespace {

using testing::CommunitiesTest;
using testing::named;

MATSURI_FOR_EACH_ENGINE(CommunitiesTest);

TEST_P(CommunitiesTest, TheCommonGroundIsThereFromTheStart) {
  const Community ground = community_of(common_ground);
  EXPECT_EQ(ground.names,
            (std::vector<LocalName>{{"en", "Common ground"}, {"ja", "みんなの集い"}}));
  EXPECT_EQ(ground.rules, (Rules{.kind = CommunityKind::main,
                                 .who_posts = Posters::everyone,
                                 .post_kinds = post_kinds_all}));
  EXPECT_EQ(ground.description, "");
  EXPECT_EQ(ground.created_unix_ms, id_epoch_unix_ms);
  EXPECT_EQ(directory_->find(common_ground), ground.rules);
  restart();  // the migration does not run again
  EXPECT_EQ(community_of(common_ground), ground);
}

TEST_P(CommunitiesTest, ATitleComesWithItsMainCommunity) {
  const std::uint64_t before = end_offset();
  const auto made = create_title(admin_, {.names = {{"en", " Lantern "}, {"ja", "\u63d0\u706f"}},
                                          .platforms = {"PC", "Handheld"},
                                          .publisher = "Us",
                                          .crest = "\u63d0"});
  ASSERT_TRUE(made.ok()) << made.error().message();
  const auto& [title, position] = made.value();
  EXPECT_EQ(position, (Position{outbox_->origin(), before + 2}));
  EXPECT_EQ(title.names, (std::vector<LocalName>{{"en", "Lantern"}, {"ja", "\u63d0\u706f"}}));
  EXPECT_EQ(title.created_unix_ms, account::testing::start_ms);
  EXPECT_EQ(title_of(title.id), title);
  EXPECT_EQ(directory_->find_title(title.id), title);

  const Community main = community_of(title.main_community);
  EXPECT_EQ(main.names, title.names);
  EXPECT_EQ(main.rules, (Rules{.kind = CommunityKind::main, .title = title.id}));
  EXPECT_EQ(directory_->find(main.id), main.rules);

  const std::vector<Event> expected = {fact_of(TitleRow{title, 1}), fact_of(CommunityRow{main, 1})};
  EXPECT_EQ(facts_after(before), expected);
}

TEST_P(CommunitiesTest, OnlyAdminsMakeAndChangeTitles) {
  const Title title = must_create_title("T");
  const std::uint64_t before = end_offset();
  for (const Role role : {Role::user, Role::moderator, Role::support}) {
    const Actor actor{.account = admin_.account, .role = role};
    EXPECT_EQ(create_title(actor, {.names = named("X")}).error().code(), Code::denied);
    EXPECT_EQ(change_title(actor, title.id, {.crest = "x"}).error().code(), Code::denied);
  }
  EXPECT_EQ(create_title(admin_, {}).error().code(), Code::invalid);
  EXPECT_EQ(change_title(admin_, title.id, {}).error().code(), Code::invalid);
  EXPECT_EQ(change_title(admin_, title.id, {.crest = "xy"}).error().code(), Code::invalid);
  EXPECT_EQ(change_title(admin_, title.id, {.names = {{}}}).error().code(), Code::invalid);
  EXPECT_EQ(change_title(admin_, TitleId{5}, {.crest = "x"}).error().code(), Code::not_found);
  EXPECT_EQ(end_offset(), before);
  EXPECT_EQ(title_of(title.id), title);
}

TEST_P(CommunitiesTest, AChangeOfATitleLeavesTheRest) {
  Title title = must_create_title("T");
  const std::uint64_t before = end_offset();
  EXPECT_TRUE(change_title(admin_, title.id, {.names = named("New")}).ok());
  EXPECT_TRUE(change_title(admin_, title.id, {.platforms = {{"PC", "TV"}}}).ok());
  EXPECT_TRUE(change_title(admin_, title.id, {.publisher = "P"}).ok());
  const auto last = change_title(admin_, title.id, {.crest = "c"});
  ASSERT_TRUE(last.ok());
  title.names = named("New");
  title.platforms = {"PC", "TV"};
  title.publisher = "P";
  title.crest = "c";
  EXPECT_EQ(last.value().value, title);
  EXPECT_EQ(title_of(title.id), title);
  EXPECT_EQ(directory_->find_title(title.id), title);
  const auto facts = facts_after(before);
  ASSERT_EQ(facts.size(), 4u);
  EXPECT_EQ(std::get<TitleChanged>(facts[3]), fact_of(TitleRow{title, 5}));
  // Its community keeps the name that it has.
  EXPECT_EQ(community_of(title.main_community).names, named("T"));
}

TEST_P(CommunitiesTest, AnybodyMakesCommunitiesUpToTheLimitOfEachTitle) {
  const Title title = must_create_title("T");
  const Title other = must_create_title("O");
  const Actor mio = person("mio");
  const Actor ken = person("ken");
  const std::uint64_t before = end_offset();
  const NewCommunity wanted{.title = title.id, .names = named(" Maps "), .description = "a\r\nb"};
  const auto first = create_community(mio, wanted);
  ASSERT_TRUE(first.ok()) << first.error().message();
  const Community& made = first.value().value;
  EXPECT_EQ(made.names, named("Maps"));
  EXPECT_EQ(made.description, "a\nb");
  EXPECT_EQ(made.rules,
            (Rules{.kind = CommunityKind::user, .title = title.id, .owner = mio.account}));
  EXPECT_EQ(community_of(made.id), made);
  EXPECT_EQ(directory_->find(made.id), made.rules);
  EXPECT_EQ(first.value().position, (Position{outbox_->origin(), before + 1}));
  EXPECT_EQ(facts_after(before), std::vector<Event>{fact_of(CommunityRow{made, 1})});

  for (std::size_t count = 1; count < owned_count_max; ++count)
    EXPECT_TRUE(create_community(mio, wanted).ok());
  EXPECT_EQ(create_community(mio, wanted).error().code(), Code::exhausted);
  EXPECT_TRUE(create_community(ken, wanted).ok());
  NewCommunity elsewhere = wanted;
  elsewhere.title = other.id;
  EXPECT_TRUE(create_community(mio, elsewhere).ok());
  // What an admin makes for the operator is nobody's own.
  NewCommunity official = wanted;
  official.kind = CommunityKind::official;
  for (std::size_t count = 0; count <= owned_count_max; ++count)
    EXPECT_FALSE(must_create_community(admin_, official).rules.owner);
}

TEST_P(CommunitiesTest, WhatNobodyMayMakeLeavesNothing) {
  const Title title = must_create_title("T");
  const Actor mio = person("mio");
  const std::uint64_t before = end_offset();
  const auto code_of = [&](const Actor& actor, NewCommunity wanted) {
    return create_community(actor, std::move(wanted)).error().code();
  };
  for (const Role role : {Role::user, Role::moderator, Role::support})
    for (const auto kind : {CommunityKind::official, CommunityKind::announcement})
      EXPECT_EQ(
          code_of({mio.account, role}, {.title = title.id, .kind = kind, .names = named("x")}),
          Code::denied);
  EXPECT_EQ(code_of(admin_, {.title = title.id, .kind = CommunityKind::main, .names = named("x")}),
            Code::invalid);
  EXPECT_EQ(code_of(mio, {.title = TitleId{5}, .names = named("x")}), Code::not_found);
  EXPECT_EQ(code_of(mio, {.title = TitleId{}, .names = named("x")}), Code::not_found);
  EXPECT_EQ(code_of(mio, {.title = title.id}), Code::invalid);
  EXPECT_EQ(
      code_of(mio, {.title = title.id, .names = named("x"), .description = std::string(501, 'x')}),
      Code::invalid);
  EXPECT_EQ(code_of({.account = AccountId{5}}, {.title = title.id, .names = named("x")}),
            Code::unauthenticated);
  EXPECT_EQ(end_offset(), before);
}

TEST_P(CommunitiesTest, AnnouncementsAreOfStaffUnlessToldOtherwise) {
  const Title title = must_create_title("T");
  NewCommunity wanted{
      .title = title.id, .kind = CommunityKind::announcement, .names = named("News")};
  const Rules rules = must_create_community(admin_, wanted).rules;
  EXPECT_FALSE(may_post(rules, AccountId{7}, Role::user, post_kind_text));
  EXPECT_FALSE(may_post(rules, AccountId{7}, Role::support, post_kind_text));
  EXPECT_TRUE(may_post(rules, AccountId{7}, Role::moderator, post_kind_text));
  EXPECT_TRUE(may_post(rules, AccountId{7}, Role::admin, post_kind_text));
  wanted.who_posts = Posters::everyone;
  EXPECT_TRUE(may_post(must_create_community(admin_, wanted).rules, AccountId{7}, Role::user,
                       post_kind_text));
}

TEST_P(CommunitiesTest, WhoMayChangeACommunity) {
  const Title title = must_create_title("T");
  const Actor mio = person("mio");
  const Actor ken = person("ken");
  const Community owned = must_create_community(mio, {.title = title.id, .names = named("Mine")});
  const Community official = must_create_community(
      admin_, {.title = title.id, .kind = CommunityKind::official, .names = named("O")});
  struct Case {
    Actor actor;
    bool owned, others;
  };
  const Case cases[] = {{mio, true, false},
                        {ken, false, false},
                        {{ken.account, Role::moderator}, true, false},
                        {{ken.account, Role::support}, false, false},
                        {{ken.account, Role::admin}, true, true}};
  for (const auto& [actor, may_owned, may_others] : cases) {
    const auto code_for = [&](CommunityId id) -> std::optional<Code> {
      const auto changed = change_community(actor, id, {.description = "d"});
      return changed.ok() ? std::nullopt : std::optional(changed.error().code());
    };
    const auto expected = [](bool may) { return may ? std::nullopt : std::optional(Code::denied); };
    EXPECT_EQ(code_for(owned.id), expected(may_owned));
    for (const CommunityId id : {official.id, title.main_community, common_ground})
      EXPECT_EQ(code_for(id), expected(may_others));
  }
  EXPECT_EQ(change_community(mio, owned.id, {}).error().code(), Code::invalid);
  EXPECT_EQ(change_community(mio, owned.id, {.names = {{}}}).error().code(), Code::invalid);
  EXPECT_EQ(change_community(mio, CommunityId{5}, {.description = "d"}).error().code(),
            Code::not_found);
}

TEST_P(CommunitiesTest, AChangeOfRulesCountsFromTheAnswerOn) {
  const Title title = must_create_title("T");
  const Actor mio = person("mio");
  Community community = must_create_community(mio, {.title = title.id, .names = named("Mine")});
  const std::uint64_t before = end_offset();
  const auto changed = change_community(mio, community.id,
                                        {.names = named("Ours"),
                                         .description = "d",
                                         .post_kinds = post_kind_drawing,
                                         .who_posts = Posters::owner});
  ASSERT_TRUE(changed.ok());
  community.names = named("Ours");
  community.description = "d";
  community.rules.post_kinds = post_kind_drawing;
  community.rules.who_posts = Posters::owner;
  EXPECT_EQ(changed.value().value, community);
  EXPECT_EQ(community_of(community.id), community);
  EXPECT_EQ(directory_->find(community.id), community.rules);
  EXPECT_EQ(facts_after(before), std::vector<Event>{fact_of(CommunityRow{community, 2})});
  restart();
  EXPECT_EQ(directory_->find(community.id), community.rules);
}

TEST_P(CommunitiesTest, TheDirectoryTakesFactsTwiceAndInAnyOrder) {
  const Title title = must_create_title("T");
  ASSERT_TRUE(change_title(admin_, title.id, {.crest = "c"}).ok());
  ASSERT_TRUE(change_community(admin_, title.main_community, {.who_posts = Posters::staff}).ok());
  auto records = outbox_->read(0, 1000).value();
  const Rules rules = community_of(title.main_community).rules;
  for (int order = 0; order < 2; ++order) {
    CommunityDirectory other;
    for (int round = 0; round < 2; ++round)
      for (const stream::Record& record : records) {
        // As the follower does: it gives a view only what that wants.
        if (other.wants(kind_of(record.event))) other.consume({&record, 1});
      }
    EXPECT_EQ(other.find(title.main_community), rules);
    EXPECT_EQ(other.find_title(title.id), title_of(title.id));
    EXPECT_FALSE(other.find(CommunityId{5}));
    EXPECT_FALSE(other.find_title(TitleId{5}));
    std::ranges::reverse(records);
  }
}

TEST_P(CommunitiesTest, ListsGiveEachOnceTheNewestFirst) {
  const Title first = must_create_title("1");
  const Title second = must_create_title("2");
  const Title third = must_create_title("3");
  const Actor mio = person("mio");
  const CommunityId mine = must_create_community(mio, {.title = second.id, .names = named("m")}).id;
  const auto titles = [&](TitleQuery query) {
    return read([&](sql::Connection& connection) { return read_titles(connection, query); });
  };
  TitlePage page = titles({.count_max = 2});
  EXPECT_EQ(page.titles, (std::vector<Title>{third, second}));
  EXPECT_EQ(page.next, second.id);
  page = titles({.before = page.next, .count_max = 2});
  EXPECT_EQ(page.titles, std::vector<Title>{first});
  EXPECT_FALSE(page.next);
  EXPECT_FALSE(titles({.count_max = 3}).next);  // exactly all

  const auto ids = [&](CommunityQuery query) {
    std::vector<CommunityId> found;
    do {
      const CommunityPage got =
          read([&](sql::Connection& connection) { return read_communities(connection, query); });
      EXPECT_LE(got.communities.size(), query.count_max);
      for (const Community& community : got.communities) found.push_back(community.id);
      query.before = got.next;
    } while (query.before);
    return found;
  };
  using Ids = std::vector<CommunityId>;
  for (const std::size_t count_max : {1u, 2u, 50u}) {
    EXPECT_EQ(ids({.count_max = count_max}), (Ids{mine, third.main_community, second.main_community,
                                                  first.main_community, common_ground}));
    EXPECT_EQ(ids({.title = second.id, .count_max = count_max}),
              (Ids{mine, second.main_community}));
    EXPECT_EQ(ids({.kind = CommunityKind::user, .count_max = count_max}), Ids{mine});
    EXPECT_EQ(ids({.title = second.id, .kind = CommunityKind::main, .count_max = count_max}),
              Ids{second.main_community});
    EXPECT_EQ(ids({.title = first.id, .kind = CommunityKind::user, .count_max = count_max}), Ids{});
  }
}

// The longest of everything fits its column: MariaDB's have a size.
TEST_P(CommunitiesTest, TheLongestOfEverythingIsKept) {
  const auto repeated = [](std::string_view text, std::size_t count) {
    std::string all;
    for (; count > 0; --count) all += text;
    return all;
  };
  NewTitle wanted{.platforms = std::vector<std::string>(16, repeated("\U0001F338", 40)),
                  .publisher = repeated("\U0001F338", 80),
                  .crest = "\u00df" + repeated("\u0489", 31)};
  for (char c = 'a'; c < 'a' + 16; ++c)
    wanted.names.push_back({.language = std::string("en-") + c + "1234567-12345678-12345678-1234",
                            .text = repeated("\U0001F338", 128)});
  const auto made = create_title(admin_, wanted);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(title_of(made.value().value.id), made.value().value);
  EXPECT_EQ(made.value().value.names, wanted.names);
  const Community community =
      must_create_community(admin_, {.title = made.value().value.id,
                                     .names = wanted.names,
                                     .description = repeated("\U0001F338", 500)});
  EXPECT_EQ(community_of(community.id), community);
}

}  // namespace
}  // namespace matsuri::community
