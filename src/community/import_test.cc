// Goal: imports bring each title and community once, with their first ids, and refuse only the
// lines that are to blame, on both engines.
#include "community/testing/fixture.h"

namespace matsuri::community {
namespace {

using testing::named;

constexpr std::int64_t old_ms = 1'400'000'000'000;

class CommunityImportTest : public testing::CommunitiesTest {
 protected:
  static std::uint64_t old_id(std::uint16_t sequence) {
    return compose_id({.unix_ms = old_ms, .node = import_node, .sequence = sequence});
  }
  ImportedTitle title_line(const std::string& source_id, std::uint16_t sequence) {
    return {.source = "steam",
            .source_id = source_id,
            .id = TitleId{old_id(sequence)},
            .main_community = CommunityId{old_id(static_cast<std::uint16_t>(sequence + 1))},
            .title = {.names = named("Title " + source_id)}};
  }
  ImportedCommunity line(const std::string& source_id, std::uint16_t sequence, TitleId title,
                         CommunityKind kind, AccountId owner = {}) {
    return {
        .source = "steam",
        .source_id = source_id,
        .id = CommunityId{old_id(sequence)},
        .owner = owner,
        .community = {
            .title = title, .kind = kind, .names = named("C " + source_id), .description = "d"}};
  }
  std::vector<Result<CommunityId>> import(const std::vector<ImportedCommunity>& lines) {
    auto made = communities_->import_communities(lines);
    MATSURI_ASSERT(made.ok(), made.ok() ? "" : made.error().message());
    return std::move(made).value();
  }
  // The id, or 0 and a code.
  static std::pair<std::uint64_t, Code> outcome(const Result<CommunityId>& result) {
    return result.ok() ? std::pair(result.value().value, Code{})
                       : std::pair(std::uint64_t{0}, result.error().code());
  }
  void expect(const std::vector<Result<CommunityId>>& got,
              const std::vector<std::pair<std::uint64_t, Code>>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t index = 0; index < got.size(); ++index)
      EXPECT_EQ(outcome(got[index]), expected[index]) << index;
  }
};

MATSURI_FOR_EACH_ENGINE(CommunityImportTest);

TEST_P(CommunityImportTest, TitlesKeepTheirFirstIdsAndTimes) {
  const std::uint64_t before = end_offset();
  std::vector<ImportedTitle> lines = {title_line("1", 1), title_line("2", 3), title_line("1", 5),
                                      title_line("1", 7)};
  lines[3].source = "other";
  for (int round = 0; round < 2; ++round) {
    const auto made = communities_->import_titles(lines);
    ASSERT_TRUE(made.ok()) << made.error().message();
    ASSERT_EQ(made.value().size(), 4u);
    EXPECT_EQ(made.value()[0].value().value, old_id(1));
    EXPECT_EQ(made.value()[1].value().value, old_id(3));
    EXPECT_EQ(made.value()[2].value().value, old_id(1));
    EXPECT_EQ(made.value()[3].value().value, old_id(7));
  }
  const auto facts = facts_after(before);
  ASSERT_EQ(facts.size(), 6u);
  const Title title = title_of(TitleId{old_id(1)});
  EXPECT_EQ(std::get<TitleChanged>(facts[0]), fact_of(TitleRow{title, 1}));
  EXPECT_EQ(title.created_unix_ms, old_ms);
  EXPECT_EQ(title.main_community.value, old_id(2));
  const Community main = community_of(title.main_community);
  EXPECT_EQ(std::get<CommunityChanged>(facts[1]), fact_of(CommunityRow{main, 1}));
  EXPECT_EQ(main.names, named("Title 1"));
  EXPECT_EQ(main.created_unix_ms, old_ms);
  EXPECT_EQ(directory_->find_title(title.id), title);
  EXPECT_EQ(directory_->find(main.id), main.rules);
  EXPECT_EQ(read([&](sql::Connection& connection) {
              return imported_title(connection, "other", "1");
            }).value,
            old_id(7));
}

TEST_P(CommunityImportTest, CommunitiesKeepTheirFirstIds) {
  const TitleId title = must_create_title("T").id;
  const AccountId mio = person("mio").account;
  const std::uint64_t before = end_offset();
  const std::vector<ImportedCommunity> lines = {
      line("1", 1, title, CommunityKind::user, mio),
      line("2", 2, {}, CommunityKind::official),
      line("1", 3, title, CommunityKind::user, mio),
      line("4", 4, title, CommunityKind::announcement, mio),
      line("5", 5, TitleId{5}, CommunityKind::official),
      line("6", 6, title, CommunityKind::user),
      line("7", 7, {}, CommunityKind::user, mio),
      line("8", 8, {}, CommunityKind::main),
      line("9", 9, TitleId{5}, CommunityKind::main),
  };
  for (int round = 0; round < 2; ++round)
    expect(import(lines), {{old_id(1), {}},
                           {old_id(2), {}},
                           {old_id(1), {}},
                           {old_id(4), {}},
                           {0, Code::not_found},
                           {0, Code::invalid},
                           {0, Code::invalid},
                           {0, Code::invalid},
                           {0, Code::not_found}});
  const auto facts = facts_after(before);
  ASSERT_EQ(facts.size(), 3u);
  const Community community = community_of(CommunityId{old_id(1)});
  EXPECT_EQ(std::get<CommunityChanged>(facts[0]), fact_of(CommunityRow{community, 1}));
  EXPECT_EQ(community.rules.owner, mio);
  EXPECT_EQ(community.description, "d");
  EXPECT_EQ(community.created_unix_ms, old_ms);
  EXPECT_EQ(directory_->find(community.id), community.rules);
  EXPECT_EQ(community_of(CommunityId{old_id(4)}).rules.who_posts, Posters::staff);
  EXPECT_EQ(read([&](sql::Connection& connection) {
              return imported_community(connection, "steam", "4");
            }).value,
            old_id(4));
}

TEST_P(CommunityImportTest, AMainLineSpeaksOnceOfTheTitlesMainCommunity) {
  const Title title = must_create_title("T");
  const Title other = must_create_title("O");
  ImportedCommunity main = line("1", 1, title.id, CommunityKind::main);
  main.community.who_posts = Posters::staff;
  main.community.post_kinds = post_kind_drawing;
  const ImportedCommunity second = line("2", 2, title.id, CommunityKind::main);
  const std::uint64_t id = title.main_community.value;
  const std::uint64_t before = end_offset();
  // A second one in the same batch, and in a later one.
  for (int round = 0; round < 2; ++round)
    expect(import({main, second, main}), {{id, {}}, {0, Code::conflict}, {id, {}}});
  expect(import({second, line("3", 3, other.id, CommunityKind::main)}),
         {{0, Code::conflict}, {other.main_community.value, {}}});

  const Community community = community_of(title.main_community);
  EXPECT_EQ(community.names, named("C 1"));
  EXPECT_EQ(community.description, "d");
  EXPECT_EQ(community.rules, (Rules{.kind = CommunityKind::main,
                                    .who_posts = Posters::staff,
                                    .post_kinds = post_kind_drawing,
                                    .title = title.id}));
  EXPECT_EQ(directory_->find(community.id), community.rules);
  const auto facts = facts_after(before);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(std::get<CommunityChanged>(facts[0]), fact_of(CommunityRow{community, 2}));
}

TEST_P(CommunityImportTest, TheFifthOfAnOwnerInATitleIsOneTooMany) {
  const TitleId title = must_create_title("T").id;
  const TitleId other = must_create_title("O").id;
  const Actor mio = person("mio");
  const AccountId ken = person("ken").account;
  must_create_community(mio, {.title = title, .names = named("made here")});
  std::vector<ImportedCommunity> lines;
  for (std::uint16_t number = 1; number <= 4; ++number)
    lines.push_back(line(std::to_string(number), number, title, CommunityKind::user, mio.account));
  lines.push_back(line("5", 5, other, CommunityKind::user, mio.account));
  lines.push_back(line("6", 6, title, CommunityKind::user, ken));
  lines.push_back(line("7", 7, title, CommunityKind::official, mio.account));
  for (int round = 0; round < 2; ++round)
    expect(import(lines), {{old_id(1), {}},
                           {old_id(2), {}},
                           {old_id(3), {}},
                           {0, Code::exhausted},
                           {old_id(5), {}},
                           {old_id(6), {}},
                           {old_id(7), {}}});
}

TEST_P(CommunityImportTest, AnIdThatIsTakenBringsNothingIn) {
  const std::uint64_t before = end_offset();
  ASSERT_TRUE(communities_->import_titles({title_line("1", 1)}).ok());
  ImportedTitle twin = title_line("2", 1);
  EXPECT_FALSE(communities_->import_titles({title_line("3", 10), twin}).ok());
  EXPECT_EQ(end_offset(), before + 2);
  EXPECT_FALSE(directory_->find_title(TitleId{old_id(10)}));
  EXPECT_TRUE(communities_->import_titles({}).value().empty());
  EXPECT_TRUE(import({}).empty());
}

}  // namespace
}  // namespace matsuri::community
