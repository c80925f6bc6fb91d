#include "ops/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "analytics/schema.h"
#include "board/schema.h"
#include "checkin/schema.h"
#include "ops/testing/world.h"
#include "points/projection.h"
#include "sequencer/sql_store.h"
#include "timeline/apply.h"

namespace matsuri::ops::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DoctorTest : public WorldTest {
 protected:
  // A world with some of everything, applied.
  std::unique_ptr<World> healthy() {
    auto world = std::make_unique<World>(fresh_place("data"));
    hana_ = world->person("hana");
    world->person("taro");
    world->person("jiro");
    first_ = world->post(hana_, "first", 1);
    second_ = world->post(hana_, "second");
    world->drain();
    world->post(hana_, "first", 1);  // a duplicate: the same key
    world->post(hana_, "second");    // refused: the same text within 30 s
    world->drain();
    return world;
  }

  static void run(sql::Db& db, std::string_view statement) {
    const Result<void> done = db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY(connection.execute(statement));
      return {};
    });
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }

  // Does that to the timeline's (or main's) tables of a healthy world, and expects the finding.
  void expect_found(std::string_view statement, const std::string& finding, bool in_main = false) {
    SCOPED_TRACE(statement);
    const auto world = healthy();
    ASSERT_THAT(findings(world->place), IsEmpty());
    world->set_applying(false);
    run(in_main ? *world->main_db : *world->timeline_db, statement);
    EXPECT_THAT(findings(world->place), Contains(HasSubstr(finding)));
    std::filesystem::remove_all(world->place.data);
  }

  AccountId hana_;
  World::Posted first_, second_;
};
MATSURI_FOR_EACH_ENGINE(DoctorTest);

TEST_P(DoctorTest, FindsNothingWhereAllIsWell) {
  const auto world = healthy();
  const auto diagnosis = examine(
      {.data = world->place.data, .main = world->place.main, .timeline = world->place.timeline});
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.error().to_string();
  EXPECT_THAT(diagnosis->findings, IsEmpty());
  EXPECT_EQ(diagnosis->record_count, 4U);
  EXPECT_EQ(diagnosis->post_count, 2U);
  EXPECT_EQ(diagnosis->account_count, 3U);
}

// Goal: beside a writer it sees one moment of each database, and no ghosts.
TEST_P(DoctorTest, FindsNothingBesideAWriter) {
  const auto world = healthy();
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    for (int count = 0; !is_over; ++count) {
      const AccountId person = world->person("p" + std::to_string(count));
      world->post(person, "by " + std::to_string(count));
    }
  });
  for (int count = 0; count < 10; ++count) EXPECT_THAT(findings(world->place), IsEmpty());
  is_over = true;
  writer.join();
}

// Goal: what is lost or misplaced in a shard of game state is found.
TEST_P(DoctorTest, FindsWhatIsWrongInAShard) {
  const auto world = healthy();
  const sql::DbOptions options = fresh_options("game");
  const auto shard = open(options);
  ASSERT_TRUE(sequencer::SqlStore::open(*shard, nullptr).ok());
  ASSERT_TRUE(stream::Outbox::open(*shard, Region{0}, Node{1}, io::system_random()).ok());
  const auto findings_now = [&] {
    const auto diagnosis = examine({.data = world->place.data,
                                    .main = world->place.main,
                                    .timeline = world->place.timeline,
                                    .shards = {options}});
    EXPECT_TRUE(diagnosis.ok());
    return diagnosis.ok() ? diagnosis->findings : std::vector<std::string>{};
  };
  const std::string slot = std::to_string(sequencer::slot_of(TitleId{7}, "raid"));
  for (const char* seq : {"1", "2", "3", "4"})
    run(*shard, std::string("INSERT INTO command (seq, command_key, fingerprint, title, arena,"
                            " slot, actor, reason, unix_ms, outcome) VALUES (") +
                    seq + ", x'0" + seq + "', 0, 7, 'raid', " + slot + ", 0, '', 0, x'7b7d')");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("there is a command at place 4")));
  run(*shard, "UPDATE shard SET seq = 4");
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*shard, "UPDATE shard SET seq = 5");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("from place 1 to 5")));
  run(*shard, "UPDATE shard SET seq = 4");
  run(*shard, "DELETE FROM command WHERE seq = 2");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("there are 3 commands from place 1 to 4")));
  // A day went, with the command at place 2 in it: what is left below place 2 may be there or not.
  run(*shard, "UPDATE shard SET dropped_seq = 2");
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*shard, "UPDATE shard SET dropped_seq = 1");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("there are 2 commands from place 2 to 4")));
  run(*shard, "UPDATE shard SET dropped_seq = 0");
  run(*shard, "UPDATE slot SET version = 2 WHERE slot = 5");
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*shard, "UPDATE command SET seq = 2, arena = 'elsewhere' WHERE seq = 4");
  run(*shard, "UPDATE shard SET seq = 3");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("in another slot than theirs, like elsewhere")));
}

// Goal: the doctor looks at points, in their shard and in main; check_test.cc of points has all the
// ways in which they can be wrong.
TEST_P(DoctorTest, FindsPointsThatDoNotAddUp) {
  const auto world = healthy();
  const sql::DbOptions options = fresh_options("game");
  const auto shard = open(options);
  ASSERT_TRUE(sequencer::SqlStore::open(*shard, nullptr).ok());
  ASSERT_TRUE(stream::Outbox::open(*shard, Region{0}, Node{1}, io::system_random()).ok());
  ASSERT_TRUE(world->main_db->migrate("points", points::migrations()).ok());
  const auto findings_now = [&] {
    const auto diagnosis = examine({.data = world->place.data,
                                    .main = world->place.main,
                                    .timeline = world->place.timeline,
                                    .shards = {options}});
    EXPECT_TRUE(diagnosis.ok());
    return diagnosis.ok() ? diagnosis->findings : std::vector<std::string>{};
  };
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*shard,
      "INSERT INTO entity (title, arena, kind, id, slot, version, fields)"
      " VALUES (1, 'points', 'account', '5', 284, 1, '{\"balance\":5,\"posting\":5}')");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("account:5 is nowhere in the ledger")));
  EXPECT_THAT(findings_now(), Contains(HasSubstr("balances are 5 in all, not 0")));
  run(*world->main_db,
      "INSERT INTO points_purse (kind, id, version, balance, held) VALUES (1, '5', 1, 7, 0)");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("purses have 7 in all, not 0")));
}

// Goal: a check-in that says granted is in the ledger, and one that says it is not is not.
TEST_P(DoctorTest, FindsCheckinsThatTheLedgerDoesNotKnow) {
  const auto world = healthy();
  sql::DbOptions checkins = fresh_options("checkin"), options = fresh_options("game");
  checkins.name = "checkin";
  const auto db = open(checkins), shard = open(options);
  ASSERT_TRUE(sequencer::SqlStore::open(*shard, nullptr).ok());
  ASSERT_TRUE(db->migrate("checkin", checkin::migrations()).ok());
  ASSERT_TRUE(stream::Outbox::open(*shard, Region{0}, Node{1}, io::system_random()).ok());
  ASSERT_TRUE(stream::Outbox::open(*db, Region{0}, Node{1}, io::system_random()).ok());
  const auto findings_now = [&] {
    const auto diagnosis = examine({.data = world->place.data,
                                    .main = world->place.main,
                                    .timeline = world->place.timeline,
                                    .others = {checkins},
                                    .shards = {options}});
    EXPECT_TRUE(diagnosis.ok()) << diagnosis.error().to_string();
    return diagnosis.ok() ? diagnosis->findings : std::vector<std::string>{};
  };
  const std::string missing =
      "check-ins are granted, and the ledger has them not; one of account 5";
  run(*db,
      "INSERT INTO checkin (account, programme, window_id, id, unix_ms, status, reason, rev, "
      "points,"
      " campaign, event, nonce) VALUES (5, 'show', 1, 9, 1, 1, 0, 1, 10, 'summer', 'e1',"
      " x'00000000000000000000000000000000')");
  const std::string miscounted = "check-ins are counted otherwise than they are";
  EXPECT_THAT(findings_now(), Contains(HasSubstr(miscounted)));
  run(*db,
      "INSERT INTO checkin_count (programme, window_id, campaign, status, reason, checkins, points)"
      " VALUES ('show', 1, 'summer', 1, 0, 1, 10)");
  EXPECT_THAT(findings_now(), IsEmpty()) << "it is pending";
  run(*db, "UPDATE checkin SET status = 2");
  EXPECT_THAT(findings_now(), Contains(HasSubstr(miscounted)));
  run(*db, "UPDATE checkin_count SET status = 2");
  EXPECT_THAT(findings_now(), Contains(HasSubstr(missing)));
  run(*shard,
      "INSERT INTO entity (title, arena, kind, id, slot, version, fields)"
      " VALUES (1, 'points', 'grant', 'summer/e1', 284, 1, '{\"account\":5,\"amount\":9}')");
  EXPECT_THAT(findings_now(), Contains(HasSubstr(missing))) << "of another amount";
  run(*shard, "UPDATE entity SET fields = '{\"account\":5,\"amount\":10}'");
  EXPECT_THAT(findings_now(), ::testing::Not(Contains(HasSubstr("check-ins"))));
  run(*db, "UPDATE checkin SET status = 3");
  run(*db, "UPDATE checkin_count SET status = 3");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("and the ledger has granted them")));
  run(*db, "UPDATE checkin SET status = 1");
  run(*db, "UPDATE checkin_count SET status = 1");
  EXPECT_THAT(findings_now(), ::testing::Not(Contains(HasSubstr("of the future"))));
  run(*db, "UPDATE checkin SET unix_ms = 9000000000000");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("1 check-ins are of the future")));
}

// Goal: entries of leaderboards that do not add up are found.
TEST_P(DoctorTest, FindsWhatIsWrongInLeaderboards) {
  const auto world = healthy();
  const sql::DbOptions options = fresh_options("board");
  const auto boards = open(options);
  const auto findings_now = [&] {
    const auto diagnosis = examine({.data = world->place.data,
                                    .main = world->place.main,
                                    .timeline = world->place.timeline,
                                    .board = options});
    EXPECT_TRUE(diagnosis.ok());
    return diagnosis.ok() ? diagnosis->findings : std::vector<std::string>{};
  };
  EXPECT_THAT(findings_now(), IsEmpty());
  ASSERT_TRUE(boards->migrate("board", board::migrations()).ok());
  for (const char* part :
       {"'x', 'a', 1, 5", "'x', 'b', 1, 7", "'x', 'c', 2, NULL", "'y', 'a', 9, NULL"})
    run(*boards, std::string("INSERT INTO board_part (board, id, arena, version, value)"
                             " VALUES (3, ") +
                     part + ")");
  run(*boards,
      "INSERT INTO board_entry (board, id, value, high, parts, reached_ms, reached_seq)"
      " VALUES (3, 'x', 7, 0, 2, 1, 1)");
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*boards, "UPDATE board_part SET value = 1 WHERE id = 'y'");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("1 board: entries are not made of")));
  run(*boards, "DELETE FROM board_part WHERE id = 'y'");
  run(*boards, "UPDATE board_entry SET parts = 3");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("1 board: entries are not made of")));
  run(*boards, "UPDATE board_entry SET id = 'z', parts = 2");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("1 board: entries have no part")));
}

// Goal: what a run of analytics has added to several tables at once agrees.
TEST_P(DoctorTest, FindsWhatDoesNotAddUpInAnalytics) {
  const auto world = healthy();
  const sql::DbOptions options = fresh_options("analytics");
  const auto findings_now = [&] {
    const auto diagnosis = examine({.data = world->place.data,
                                    .main = world->place.main,
                                    .timeline = world->place.timeline,
                                    .analytics = options});
    EXPECT_TRUE(diagnosis.ok());
    return diagnosis.ok() ? diagnosis->findings : std::vector<std::string>{};
  };
  EXPECT_THAT(findings_now(), IsEmpty()) << "one that is not there yet";
  const auto db = open(options);
  ASSERT_TRUE(db->migrate("analytics", analytics::migrations()).ok());
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*db, "INSERT INTO command_day VALUES (7, 20000, 'hit', 5, 1, 0, 0)");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("days have commands, and no date, like 20000")));
  run(*db, "INSERT INTO calendar VALUES (20000, '2024-10-04')");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("other numbers of commands by day")));
  run(*db,
      "INSERT INTO arena_command VALUES (7, 'a', 'hit', 2, 0, 0, 0), (7, 'b', 'hit', 3, 1, 0, 0)");
  EXPECT_THAT(findings_now(), IsEmpty());
  run(*db, "INSERT INTO active VALUES (7, 3, 20000)");
  EXPECT_THAT(findings_now(),
              Contains(HasSubstr("accounts were active, and are no players, like 3")));
  run(*db, "INSERT INTO player VALUES (7, 3, 19999)");
  EXPECT_THAT(findings_now(), Contains(HasSubstr("another first day than their first active one")));
  run(*db, "UPDATE player SET first_day = 20000");
  EXPECT_THAT(findings_now(), IsEmpty());
}

TEST_P(DoctorTest, FindsALostPost) {
  expect_found("DELETE FROM post WHERE text = 'first'", "is nowhere");
}

TEST_P(DoctorTest, FindsAPostThatWasChanged) {
  expect_found("UPDATE post SET text = 'other' WHERE text = 'first'", "is another post");
}

TEST_P(DoctorTest, FindsAPostWithoutARecord) {
  expect_found(
      "INSERT INTO post (id, community, author, rev, text, language)"
      " SELECT id + 1000000000, community, author, rev, 'ghost', '' FROM post WHERE text = 'first'",
      "posts, and the journals have records for");
}

TEST_P(DoctorTest, FindsARefusalOfWhatIsThere) {
  expect_found(
      "INSERT INTO refusal (view_name, region, node, incarnation, at_offset, account,"
      " resource_id, code, reason, unix_ms) SELECT view_name, region, node, incarnation,"
      " at_offset - 2, account, resource_id, code, reason, unix_ms FROM refusal"
      " WHERE code <> 0",
      "in the timeline, and refused");
}

TEST_P(DoctorTest, FindsAPositionBeyondTheJournal) {
  expect_found("UPDATE view_position SET at_offset = at_offset + 10", "has read");
}

TEST_P(DoctorTest, FindsAPositionThatWentBack) {
  expect_found("UPDATE view_position SET at_offset = 1", "the timeline has not read it");
}

TEST_P(DoctorTest, FindsAGapInAnOutbox) {
  expect_found("DELETE FROM outbox WHERE at_offset = 2", "are missing in the outbox", true);
}

TEST_P(DoctorTest, FindsACounterThatIsWrong) {
  expect_found("UPDATE stream_counter SET amount = amount + 1 WHERE name = 'outbox'",
               "its counter says");
}

TEST_P(DoctorTest, FindsAFactThatSaysNothing) {
  expect_found("UPDATE outbox SET payload = x'7878' WHERE at_offset = 1", "fact 1");
}

TEST_P(DoctorTest, FindsAFactThatWasNeverTold) {
  expect_found(
      "DELETE FROM outbox WHERE at_offset = (SELECT amount FROM stream_counter WHERE"
      " name = 'outbox')",
      "the outbox ends with fact");
}

TEST_P(DoctorTest, FindsAnAccountThatNobodyWasToldOf) {
  expect_found("UPDATE account SET name = 'Other' WHERE handle = 'hana'",
               "differs from the newest fact", true);
}

TEST_P(DoctorTest, FindsAnAuthorFromNowhere) {
  expect_found("UPDATE author SET id = id + 1000000000 WHERE handle = 'hana'", "and main does not");
}

TEST_P(DoctorTest, FindsAnAuthorThatIsAhead) {
  expect_found("UPDATE author SET rev = 99 WHERE handle = 'hana'", "differs from main's");
}

TEST_P(DoctorTest, FindsAMuteOfNobody) {
  expect_found("INSERT INTO mute (account, target, rev, muted, changed_ms) VALUES (1, 2, 1, 1, 1)",
               "rows of mute name accounts", true);
}

TEST_P(DoctorTest, FindsASessionOfNobody) {
  expect_found(
      "INSERT INTO session (id, account, created_ms, seen_ms, closed_ms, user_agent)"
      " VALUES (7, 8, 0, 0, 0, '')",
      "rows of session name accounts", true);
}

TEST_P(DoctorTest, FindsCommunitiesAndTitlesOfNothing) {
  const std::string community =
      "INSERT INTO community (id, rev, title, kind, owner, names, description, post_kinds,"
      " who_posts, created_ms) VALUES ";
  expect_found(community + "(7, 1, 8, 1, 0, '', '', 3, 0, 0)", "rows of community name titles",
               true);
  expect_found(community + "(9, 1, 0, 2, 8, '', '', 3, 0, 0)", "rows of community name accounts",
               true);
  expect_found(
      "INSERT INTO title (id, rev, names, platforms, publisher, crest, main_community, created_ms)"
      " VALUES (10, 1, '', '', '', '', 11, 0)",
      "rows of title name communities", true);
}

TEST_P(DoctorTest, FindsTwoThingsWithOneId) {
  expect_found(
      "INSERT INTO session (id, account, created_ms, seen_ms, closed_ms, user_agent)"
      " SELECT id, id, 0, 0, 0, '' FROM account WHERE handle = 'hana'",
      "two things have the id", true);
}

TEST_P(DoctorTest, FindsAKeyThatLeadsNowhere) {
  expect_found("UPDATE idempotency SET post = 5", "idempotency keys lead to posts");
}

TEST_P(DoctorTest, FindsAJobThatWasGivenUp) {
  expect_found(
      "INSERT INTO dead_job (id, kind, job_key, payload, attempt, reason, unix_ms)"
      " VALUES (1, 'mail', 'k', x'', 9, 'no such host', 0)",
      "no such host");
}

TEST_P(DoctorTest, FindsWhatIsInQuarantine) {
  const auto world = healthy();
  const Position position = world->post_poison(hana_);
  world->drain();
  EXPECT_THAT(
      findings(world->place),
      ::testing::ElementsAre(HasSubstr("record " + position.to_string() + " is in quarantine")));
}

// Goal: no flipped byte of a record goes unseen. Method: flip bytes all over the journal's batches.
TEST_P(DoctorTest, FindsADamagedRecord) {
  const auto world = healthy();
  for (int count = 0; count < 20; ++count) world->post(hana_, "more " + std::to_string(count));
  world->drain();
  const Place place = world->place;
  world->set_applying(false);
  world->journal.reset();
  std::string path;
  for (const auto& entry : std::filesystem::directory_iterator(place.data + "/journal/main"))
    if (entry.path().extension() == ".seg") path = entry.path();
  for (std::size_t at = 4096 + 40; at < 4096 + 2000; at += 137) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int good = file.get();
    const auto put = [&](int byte) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(byte));
      file.flush();
    };
    put(good ^ 0x04);
    EXPECT_THAT(findings(place), ::testing::Not(IsEmpty())) << at;
    put(good);
  }
  EXPECT_THAT(findings(place), IsEmpty());
}

TEST_P(DoctorTest, FindsIdsThatCouldBeMadeAgain) {
  auto world = healthy();
  const Place place = world->place;
  world.reset();
  const std::string path = place.data + "/ids/node";
  std::filesystem::remove(path);
  io::ManualClock long_ago(1'500'000'000'000);
  ASSERT_TRUE(journal::IdMaker::open({.path = path, .node = place.node, .clock = &long_ago}).ok());
  EXPECT_THAT(findings(place), Contains(HasSubstr("could be made again")));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "no ceiling";
  EXPECT_THAT(findings(place), Contains(HasSubstr("ceiling of the ids is damaged")));
  std::filesystem::remove(path);
  EXPECT_THAT(findings(place), ::testing::Not(IsEmpty()));
}

TEST_P(DoctorTest, FindsKeysThatOthersCanRead) {
  const auto world = healthy();
  const std::string path = world->place.data + "/keys/session.keys";
  std::filesystem::permissions(path, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(findings(world->place), Contains(HasSubstr("chmod 600")));
  std::filesystem::remove(path);
  EXPECT_THAT(findings(world->place), Contains(HasSubstr("is missing")));
  EXPECT_FALSE(std::filesystem::exists(path)) << "the doctor changes nothing";
}

TEST_P(DoctorTest, FindsADatabaseThatIsGoneOrDamaged) {
  if (GetParam() == sql::Engine::mariadb) return;  // InnoDB looks after its own files.
  auto world = healthy();
  const Place place = world->place;
  world.reset();
  const std::string path = place.timeline.sqlite_path;
  {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    // The head of every page but the first few, whatever table it belongs to.
    for (std::uintmax_t at = 3 * 4096; at < std::filesystem::file_size(path); at += 4096) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(100, '\x5a');
    }
  }
  EXPECT_THAT(findings(place), ::testing::Not(IsEmpty()));
  std::filesystem::remove(path);
  EXPECT_THAT(findings(place), Contains(HasSubstr(path + " is missing")));
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace matsuri::ops::testing
