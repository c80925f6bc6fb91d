// Goal: staff find a player by number and by handle, with the sessions that are open, and every title
// that the player touched in whatever way, no matter which shard decided it.
#include "support/query.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "account/testing/fixture.h"
#include "points/model.h"
#include "sequencer/sql_store.h"
#include "sequencer/testing/world.h"

namespace matsuri::support {
namespace {

class PlayerTest : public account::testing::AccountsTest {
 protected:
  Result<Player> player(const std::string& who) {
    std::optional<Result<Player>> found;
    const Result<void> done = db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      found = read_player(connection, who, clock_.unix_ms());
      return {};
    });
    MATSURI_ASSERT(done.ok());
    return std::move(*found);
  }
};
MATSURI_FOR_EACH_ENGINE(PlayerTest);

TEST_P(PlayerTest, IsFoundByNumberAndByHandle) {
  const auto mio = must_sign_up("mio");
  must_sign_up("mio2");
  for (const std::string& who : {std::string("mio"), mio.account.id.to_string()}) {
    const auto found = player(who);
    ASSERT_TRUE(found.ok()) << who;
    EXPECT_EQ(found->account.id, mio.account.id);
    EXPECT_EQ(found->account.handle, "mio");
    EXPECT_TRUE(found->has_password);
  }
  for (const std::string who :
       {"", "mi", "MIO", "@mio", "0", "1", "01", "-1", "99999999999999999999"})
    EXPECT_EQ(player(who).error().code(), Code::not_found) << who;
}

TEST_P(PlayerTest, HasTheSessionsThatAreOpen) {
  const auto mio = must_sign_up("mio");
  advance_ms(1000);
  const auto again = log_in("mio", "correct horse", "test/phone");
  ASSERT_TRUE(again.ok());
  auto sessions = player("mio")->sessions;
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].user_agent, "test/phone");
  EXPECT_EQ(sessions[1].user_agent, "test/1");
  ASSERT_TRUE(close_session(mio.account.id, again.value().value.credential.id).ok());
  sessions = player("mio")->sessions;
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].user_agent, "test/1");
  advance_ms(account::session_age_ms_max);
  EXPECT_TRUE(player("mio")->sessions.empty());
}

using Titles = std::vector<TitleId>;

// Rows as a shard writes them; those that are read here need no owner.
class TouchedTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    db_ = open(fresh_options("shard"));
    MATSURI_ASSERT(sequencer::SqlStore::open(*db_, sequencer::test_schemas()).ok());
  }

  void put(std::string_view text, std::initializer_list<sql::Value> parameters) {
    const Result<void> done = db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY(connection.execute(text, parameters));
      return {};
    });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
  }
  void command(std::uint64_t title, std::uint64_t actor) {
    ++seq_;
    const std::string key(16, static_cast<char>(seq_));
    put("INSERT INTO command"
        " (seq, command_key, fingerprint, title, arena, slot, actor, reason, unix_ms, outcome)"
        " VALUES (?, ?, 0, ?, 'a', 0, ?, 'raid.attack', 1, ?)",
        {seq_, as_bytes(key), title, actor, as_bytes(std::string_view("{}"))});
  }
  void entity(std::uint64_t title, const std::string& id) {
    put("INSERT INTO entity (title, arena, kind, id, slot, version, fields)"
        " VALUES (?, 'a', 'raider', ?, 0, 1, '{}')",
        {title, id});
  }
  Touched look(std::uint64_t account, std::uint64_t look_count = look_count_default) {
    Touched touched;
    const Result<void> done = db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(touched, read_touched(connection, AccountId{account}, look_count));
      return {};
    });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
    std::ranges::sort(touched.titles);
    return touched;
  }
  Titles touched(std::uint64_t account) {
    const Touched all = look(account);
    EXPECT_TRUE(all.is_whole);
    return all.titles;
  }

  std::uint64_t seq_ = 0;
  std::unique_ptr<sql::Db> db_;
};
MATSURI_FOR_EACH_ENGINE(TouchedTest);

TEST_P(TouchedTest, ByCommandsAndByEntities) {
  EXPECT_EQ(touched(42), Titles{});
  command(7, 42);
  command(7, 42);
  command(2, 43);
  entity(4, "42");
  entity(5, "4");
  entity(points::points_title.value, "42");
  entity(6, "422");
  entity(7, "42");
  EXPECT_EQ(touched(42), (Titles{TitleId{4}, TitleId{7}}));
  EXPECT_EQ(touched(43), Titles{TitleId{2}});
  EXPECT_EQ(touched(4), Titles{TitleId{5}});
}

TEST(Touched, ShardsTogetherTellOfSoManyTitlesAtMost) {
  Touched all;
  for (std::uint64_t title = 1; title <= title_count_max; ++title)
    all.add({.titles = {TitleId{title}, TitleId{1}}});
  EXPECT_EQ(all.titles.size(), title_count_max);
  EXPECT_TRUE(all.is_whole);
  all.add({.titles = {TitleId{title_count_max}}});
  EXPECT_TRUE(all.is_whole);
  all.add({.titles = {TitleId{title_count_max + 1}}});
  EXPECT_EQ(all.titles.size(), title_count_max);
  EXPECT_FALSE(all.is_whole);
  Touched part;
  part.add({.titles = {}, .is_whole = false});
  EXPECT_FALSE(part.is_whole);
}

TEST_P(TouchedTest, LooksAtTheNewestCommandsAndSaysWhereThatIsNotAll) {
  command(8, 42);
  command(2, 42);
  command(3, 43);
  entity(4, "42");
  const Touched all = look(42, 3);
  EXPECT_EQ(all.titles, (Titles{TitleId{2}, TitleId{4}, TitleId{8}}));
  EXPECT_TRUE(all.is_whole);
  command(3, 43);
  EXPECT_FALSE(look(42, 3).is_whole);
  EXPECT_TRUE(look(42, 4).is_whole);
  command(3, 43);
  command(3, 43);
  const Touched newest = look(42, 3);
  EXPECT_EQ(newest.titles, Titles{TitleId{4}});
  EXPECT_FALSE(newest.is_whole);
  for (const std::string id : {"1", "2", "3", "4"}) entity(5, id);
  EXPECT_FALSE(look(42, 4).is_whole);
  EXPECT_TRUE(look(42, 6).is_whole);
}

}  // namespace
}  // namespace matsuri::support
