// Goal: a history has all that touched an entity, or has to do with an account, each once and from
// the newest back, wherever slots have moved; and says what was changed only where that is known.
// Method: commands of several accounts through real sequencers, slots that move to and fro, read in
// pages and windows of every small size; and pages made by hand for what they say.
#include "game/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "game/history_json.h"
#include "game/schema_json.h"
#include "sequencer/sequencer.h"
#include "sequencer/shard_map.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::game {
namespace {

using sequencer::StoredCommand;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr TitleId ours{7}, theirs{8};
constexpr AccountId hana{42}, taro{43};
constexpr sequencer::KindIndex boss = 1, raider = 2;

class HistoryTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    const auto schema = std::make_shared<const TitleSchema>(
        parse_schema(R"({"kinds":[{"name":"boss","fields":[{"name":"hp"}]},
                                  {"name":"raider","fields":[{"name":"hp"}]}]})")
            .value());
    for (const TitleId title : {ours, theirs}) directory_.put_schema(title, 1, schema);
    sequencer::SequencerOptions options{.owner = {.name = "node"}};
    for (int i = 0; i < 2; ++i) {
      shards_.push_back(open());
      options.shards.push_back(shards_.back().get());
      dbs_.shards.push_back(shards_.back().get());
    }
    auto started = sequencer::Sequencer::start(options, directory_.schemas(), io::system_clock());
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    sequencer_ = std::move(*started);
  }
  void TearDown() override {
    sequencer_.reset();
    shards_.clear();
  }

  // The command's key: `actor` (or none) adds `value` to an entity.
  std::string add(const std::string& arena, sequencer::KindIndex kind, const std::string& id,
                  AccountId actor, std::int64_t value = 1, TitleId title = ours) {
    sequencer::Command command{
        .key = keys_.make(io::system_clock().unix_ms()),
        .actor = actor,
        .entities = {{title, arena, kind, id}},
        .steps = {{.field = 0, .operation = sequencer::Operation::add, .value = value}}};
    std::string key = to_string(command.key);
    std::promise<sequencer::Verdict> told;
    sequencer_->submit(
        title, arena, sequencer::Chain{{std::move(command)}}, inline_,
        [&](const sequencer::Answer& answer) { told.set_value(answer.outcomes.at(0).verdict); });
    EXPECT_EQ(told.get_future().get(), sequencer::Verdict::applied);
    return key;
  }

  void move_to(std::uint32_t shard, const std::string& arena) {
    const sequencer::Wish wish{sequencer::slot_of(ours, arena), shard};
    ASSERT_TRUE(sequencer::wish(*shards_[0], std::span(&wish, 1)).ok());
    sequencer_->look_at_wishes();
    for (int tries = 0; tries < 2000 && sequencer_->shard_of(ours, arena) != shard; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_EQ(sequencer_->shard_of(ours, arena), shard);
  }

  std::string arena_in(std::size_t shard) const {
    for (int i = 0;; ++i)
      if (std::string arena = "arena " + std::to_string(i);
          sequencer_->shard_of(ours, arena) == shard)
        return arena;
  }

  // Pages until there is no more. Ends in any case.
  std::vector<StoredCommand> read_all(HistoryQuery query, std::size_t shard = 0) {
    std::vector<StoredCommand> all;
    std::int64_t read_to_ms = std::numeric_limits<std::int64_t>::max();
    for (int turn = 0; turn < 1000; ++turn) {
      const auto page = read_history(dbs_, query, shard);
      EXPECT_TRUE(page.ok()) << page.error().to_string();
      if (!page.ok()) return all;
      // Whatever is newer than a page says was told by then.
      for (const StoredCommand& command : page->commands) EXPECT_LE(command.time_ms, read_to_ms);
      EXPECT_LE(page->read_to_ms, read_to_ms);
      EXPECT_EQ(page->read_to_ms == 0, !page->next);
      read_to_ms = page->read_to_ms;
      EXPECT_LE(page->commands.size(), query.count_max);
      all.insert(all.end(), page->commands.begin(), page->commands.end());
      if (!page->next) return all;
      auto next = HistoryCursor::from_token(page->next->to_token());
      EXPECT_TRUE(next.ok());
      query.cursor = std::move(*next);
    }
    ADD_FAILURE() << "there is always a next page";
    return all;
  }
  static std::vector<std::string> keys_of(const std::vector<StoredCommand>& commands) {
    std::vector<std::string> keys;
    for (const StoredCommand& command : commands) keys.push_back(to_string(command.key));
    return keys;
  }

  sequencer::Keys keys_{static_cast<std::uint64_t>(io::system_clock().unix_ms())};
  Directory directory_;
  std::vector<std::unique_ptr<sql::Db>> shards_;
  LogDbs dbs_;
  std::unique_ptr<sequencer::Sequencer> sequencer_;
  io::InlineExecutor inline_;
};
MATSURI_FOR_EACH_ENGINE(HistoryTest);

TEST_P(HistoryTest, HasAllOfAnEntityWhereverItsArenaWas) {
  const std::string arena = arena_in(0), other = arena_in(1);
  std::vector<std::string> wanted;
  const auto some = [&] {
    for (int i = 0; i < 5; ++i) {
      wanted.insert(wanted.begin(), add(arena, boss, "b", {}));
      add(arena, boss, "b2", hana);
      add(arena, raider, "b", hana);
      add(other, boss, "b", hana);
      add(arena, boss, "b", hana, 1, theirs);
    }
  };
  some();
  for (const std::uint32_t shard : {1U, 0U, 1U}) {
    ASSERT_NO_FATAL_FAILURE(move_to(shard, arena));
    some();
  }
  HistoryQuery query{.title = ours,
                     .entity = EntityQuery{.arena = arena, .kind = "boss", .id = "b"}};
  for (const std::size_t count_max : {1U, 2U, 3U, 7U, 200U})
    for (const std::size_t shard_asked_first : {0U, 1U}) {
      query.count_max = count_max;
      EXPECT_EQ(keys_of(read_all(query, shard_asked_first)), wanted) << count_max;
    }
}

// Nobody may take half of a past for the whole.
TEST_P(HistoryTest, IsBusyWhileTheArenaMoves) {
  const std::string arena = arena_in(0);
  add(arena, boss, "b", {});
  sequencer_.reset();
  ASSERT_TRUE(shards_[0]
                  ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute("UPDATE slot SET state = 2 WHERE slot = ?",
                                           {sequencer::slot_of(ours, arena)}));
                    return {};
                  })
                  .ok());
  const auto page =
      read_history(dbs_, {.title = ours, .entity = EntityQuery{arena, "boss", "b"}}, 0);
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code(), Code::busy);
}

TEST_P(HistoryTest, HasAllOfAnAccountInTheOrderOfTime) {
  const std::string first = arena_in(0), second = arena_in(1);
  std::vector<std::string> wanted;
  const auto some = [&] {
    for (int i = 0; i < 4; ++i)
      for (const std::string& arena : {first, second}) {
        // Times have to differ for an order of shards to be known.
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        wanted.insert(wanted.begin(), add(arena, boss, "b", hana));
        add(arena, boss, "b", taro);
        add(arena, boss, "42", taro, 1, theirs);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        wanted.insert(wanted.begin(), add(arena, raider, "42", taro));
        add(arena, raider, "142", taro);
      }
  };
  some();
  ASSERT_NO_FATAL_FAILURE(move_to(1, first));
  some();
  for (const std::size_t count_max : {1U, 2U, 5U, 200U})
    EXPECT_EQ(
        keys_of(read_all({.title = ours, .entity = {}, .player = hana, .count_max = count_max})),
        wanted)
        << count_max;
}

// Goal: what one request looks at is bounded, and nothing is lost between two. Method: windows of
// every small size over places with holes.
TEST_P(HistoryTest, WindowsOfAnySizeHaveAll) {
  const std::string arena = arena_in(0);
  std::vector<std::string> wanted;
  for (int i = 0; i < 12; ++i) {
    if (i % 3 == 0)
      wanted.insert(wanted.begin(), add(arena, boss, "b", {}));
    else
      add(arena, boss, "other", {});
  }
  ASSERT_TRUE(shards_[0]
                  ->write_and_wait([](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute("UPDATE command SET seq = seq + 1000 WHERE seq > 6"));
                    return {};
                  })
                  .ok());
  for (std::uint64_t look_count = 1; look_count <= 15; ++look_count) {
    std::vector<StoredCommand> all;
    sequencer::PastQuery query{.title = ours,
                               .arena = arena,
                               .kind = "boss",
                               .entity = "b",
                               .actor = {},
                               .before = HistoryCursor::newest,
                               .count_max = 2,
                               .look_count = look_count,
                               .with_moved = true};
    bool is_end = false;
    int turn_count = 0;
    while (!is_end && ++turn_count <= 20) {
      ASSERT_TRUE(shards_[0]
                      ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                        TRY_ASSIGN(const auto past, sequencer::read_past(connection, query));
                        all.insert(all.end(), past.commands.begin(), past.commands.end());
                        query.before = past.looked_to;
                        is_end = past.is_end;
                        return {};
                      })
                      .ok());
    }
    EXPECT_EQ(keys_of(all), wanted) << look_count;
    EXPECT_GE(static_cast<std::uint64_t>(turn_count) * look_count, 12U);
  }
}

TEST_P(HistoryTest, FindsWhatAPlayerHasInAllShards) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 8; ++i) {
    const std::string arena = "raid " + std::to_string(i);
    for (const char* id : {"4", "42", "421", "b"}) add(arena, raider, id, {}, i);
    wanted.push_back(arena);
  }
  add("raid 1", raider, "42", {}, 1, theirs);
  ASSERT_NO_FATAL_FAILURE(
      move_to(1 - static_cast<std::uint32_t>(sequencer_->shard_of(ours, "raid 3")), "raid 3"));
  for (const std::size_t count_max : {1U, 2U, 3U, 200U}) {
    std::vector<std::string> arenas;
    EntitiesCursor after;
    for (int turn = 0; turn < 30; ++turn) {
      const auto page = read_player_entities(dbs_, ours, hana, after, count_max);
      ASSERT_TRUE(page.ok()) << page.error().to_string();
      EXPECT_LE(page->entities.size(), count_max);
      for (const auto& entity : page->entities) {
        EXPECT_EQ(entity.id, "42");
        EXPECT_EQ(entity.kind, "raider");
        arenas.push_back(entity.arena);
      }
      if (!page->next) break;
      const auto next = EntitiesCursor::from_token(page->next->to_token());
      ASSERT_TRUE(next.ok());
      EXPECT_EQ(*next, *page->next);
      after = *next;
    }
    std::ranges::sort(arenas);
    EXPECT_EQ(arenas, wanted) << count_max;
  }
}

TEST_P(HistoryTest, EntitiesInWindowsOfAnySize) {
  for (int i = 0; i < 4; ++i)
    for (const char* id : {"4", "42", "421"}) add("raid " + std::to_string(i), raider, id, {});
  for (std::size_t look_count = 1; look_count <= 14; ++look_count) {
    std::size_t count = 0;
    for (const auto& db : shards_) {
      sequencer::EntitiesQuery query{
          .title = ours, .id = "42", .count_max = 2, .look_count = look_count};
      bool is_end = false;
      for (int turn = 0; !is_end && turn < 20; ++turn)
        ASSERT_TRUE(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                        TRY_ASSIGN(const auto some, sequencer::read_entities(connection, query));
                        EXPECT_LE(some.looked_count, look_count);
                        count += some.found.size();
                        query.after_arena = some.last_arena;
                        query.after_kind = some.last_kind;
                        query.after_id = some.last_id;
                        is_end = some.is_end;
                        return {};
                      }).ok());
    }
    EXPECT_EQ(count, 4U) << look_count;
  }
}

TEST(HistoryCursorTest, IsWrittenInOneWay) {
  for (const std::vector<std::uint64_t>& before :
       {std::vector<std::uint64_t>{5},
        {0, HistoryCursor::newest},
        std::vector<std::uint64_t>(shard_count_max, 7)}) {
    const std::string token = HistoryCursor{before}.to_token();
    EXPECT_LE(token.size(), history_cursor_size_max);
    EXPECT_EQ(HistoryCursor::from_token(token)->before, before);
  }
  const std::string above = HistoryCursor{{HistoryCursor::newest + 1}}.to_token();
  const std::string many =
      HistoryCursor{std::vector<std::uint64_t>(shard_count_max + 1, 7)}.to_token();
  for (const std::string& token : {std::string(), std::string("h"), std::string("hAAAA"), above,
                                   many, "x" + HistoryCursor{{5}}.to_token().substr(1)})
    EXPECT_FALSE(HistoryCursor::from_token(token).ok()) << token;
  const EntitiesCursor full{.shard = 63,
                            .arena = std::string(64, 'a'),
                            .kind = std::string(32, 'k'),
                            .id = std::string(64, 'i')};
  EXPECT_LE(full.to_token().size(), history_cursor_size_max);
  EXPECT_EQ(EntitiesCursor::from_token(full.to_token()).value(), full);
  for (const std::string& token : {std::string(), std::string("e"), std::string("eAA"),
                                   full.to_token() + "AAAA", full.to_token().substr(0, 40)})
    EXPECT_FALSE(EntitiesCursor::from_token(token).ok()) << token;
}

// Pages made by hand: an entity each, as (version, fields).
class ChangesTest : public ::testing::Test {
 protected:
  static StoredCommand at(std::uint64_t seq, const std::string& version, const std::string& fields,
                          const std::string& kind = "boss") {
    return {.seq = seq,
            .arena = "raid",
            .outcome = R"({"verdict":"applied","entities":[{"at":0,"kind":")" + kind +
                       R"(","id":"b","version":)" + version + R"(,"fields":)" + fields + "}]}"};
  }
  // The changes that a page tells, the newest first.
  static std::vector<std::string> changes(const HistoryPage& page) {
    const HistoryQuery query{.title = ours, .entity = EntityQuery{"raid", "boss", "b"}};
    const std::string body = render(page, query).value();
    std::vector<std::string> found;
    const std::string mark = R"("changes":)";
    for (std::size_t from = body.find(mark); from != std::string::npos;
         from = body.find(mark, from + 1)) {
      const std::size_t begin = from + mark.size();
      const std::size_t end = body[begin] == '{' ? body.find('}', begin) + 1 : begin + 4;
      found.push_back(body.substr(begin, end - begin));
    }
    return found;
  }
};

TEST_F(ChangesTest, AreTheDifferenceToTheVersionBefore) {
  const HistoryPage page{.commands = {at(9, "4", R"({"mp":1})"), at(8, "3", R"({"hp":7})"),
                                      at(7, "3", R"({"hp":7})"), at(6, "2", R"({"hp":9})")},
                         .older = {at(5, "1", R"({"hp":10,"mp":2})")}};
  EXPECT_THAT(changes(page),
              ElementsAre(R"({"hp":-7,"mp":1})", "{}", R"({"hp":-2})", R"({"hp":-1,"mp":-2})"));
}

TEST_F(ChangesTest, OfTheFirstVersionAreKnownWhereNothingIsOlder) {
  HistoryPage page{.commands = {at(5, "1", R"({"hp":10})"), at(4, "0", "{}")}};
  EXPECT_THAT(changes(page), ElementsAre(R"({"hp":10})", "{}"));
  page.commands.pop_back();
  EXPECT_THAT(changes(page), ElementsAre(R"({"hp":10})"));
  // It may have been made earlier, and only been looked at by this command.
  page.next = HistoryCursor{{5}};
  EXPECT_THAT(changes(page), ElementsAre("null"));
  page.next.reset();
  page.commands = {at(5, "1", R"({"hp":10})", "raider")};
  EXPECT_THAT(changes(page), ElementsAre("null"));
}

TEST_F(ChangesTest, AreNullWhereNothingIsKnownOrThereIsNoRoom) {
  const HistoryPage page{.commands = {at(9, "6", R"({"hp":9223372036854775807})"),
                                      at(8, "5", R"({"hp":-2})"), at(7, "3", R"({"hp":1})")}};
  EXPECT_THAT(changes(page), ElementsAre("null", "null", "null"));
}

TEST_F(ChangesTest, ADamagedOutcomeIsCorrupt) {
  HistoryPage page{.commands = {at(9, "6", "[]")}};
  const HistoryQuery query{.title = ours, .entity = EntityQuery{"raid", "boss", "b"}};
  const auto body = render(page, query);
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), Code::corrupt);
  EXPECT_THAT(body.error().message(), HasSubstr("command 9"));
}

}  // namespace
}  // namespace matsuri::game
