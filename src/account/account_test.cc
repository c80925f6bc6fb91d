// Goal: accounts are what the API promises, on both engines: names and their limits, one person per
// handle, roles, blocks, and the people that an import brings.
#include <algorithm>
#include <set>
#include <thread>

#include "account/directory.h"
#include "account/testing/fixture.h"

namespace matsuri::account {
namespace {

using testing::AccountsTest;
using testing::wait_for;

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

MATSURI_FOR_EACH_ENGINE(AccountsTest);

TEST_P(AccountsTest, SignUpMakesAnAccountWithASessionAndOneFact) {
  const auto signed_up = sign_up("mio_kaze", "  Mi\u006f\u0308  ");
  ASSERT_TRUE(signed_up.ok()) << signed_up.error().message();
  const auto& [in, position] = signed_up.value();
  EXPECT_EQ(in.account.handle, "mio_kaze");
  EXPECT_EQ(in.account.name, "Mi\u00f6");
  EXPECT_EQ(in.account.role, Role::user);
  EXPECT_EQ(in.account.created_unix_ms, testing::start_ms);
  EXPECT_EQ(in.credential.kind, Credential::Kind::session);
  EXPECT_EQ(in.credential.account, in.account.id);
  EXPECT_TRUE(standings_->check(in.credential).ok());

  EXPECT_EQ(position, (Position{outbox_->origin(), 1}));
  const std::vector<Event> facts = facts_after(0);
  ASSERT_EQ(facts.size(), 1u);
  const auto& fact = std::get<AccountChanged>(facts[0]);
  EXPECT_EQ(fact.account, in.account.id);
  EXPECT_EQ(fact.rev, 1u);
  EXPECT_EQ(fact.name, "Mi\u00f6");
  EXPECT_EQ(fact.epoch, 0u);

  const std::vector<Session> sessions = sessions_of(in.account.id);
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].id.value, in.credential.id);
  EXPECT_EQ(sessions[0].user_agent, "test/1");
}

TEST_P(AccountsTest, SignUpHoldsItsLimitsAtTheLimitAndOnePast) {
  struct Case {
    std::string handle, name, password;
    bool good;
  };
  const std::string name = "N", word = "12345678";
  const std::vector<Case> cases = {
      {"abc", name, word, true},
      {"ab", name, word, false},
      {"me", name, word, false},  // has an address of its own
      {"a" + repeated("0", 19), name, word, true},
      {"a" + repeated("0", 20), name, word, false},
      {"0abc", name, word, false},
      {"_abc", name, word, false},
      {"Abcd", name, word, false},
      {"ab-c", name, word, false},
      {"ab\u00e9d", name, word, false},
      {"name_max", repeated("\u6faa", 40), word, true},
      {"name_over", repeated("\u6faa", 41), word, false},
      {"name_bytes", repeated("\U0001F338", 40), word, true},
      {"name_none", "", word, false},
      {"name_blank", " \u3000 ", word, false},
      {"name_line", "a\nb", word, false},
      {"name_utf8", "a\xff", word, false},
      {"word_min", name, "1234567\u00e9", true},
      {"word_under", name, "1234567", false},
      // Two code points each before NFC, one after: seven are too few.
      {"word_folded", name, repeated("e\u0301", 7), false},
      {"word_max", name, repeated("\U0001F338", 128), true},
      {"word_over", name, repeated("x", 129), false},
      {"word_utf8", name, "12345678\x80", false},
  };
  std::int64_t expected = 0;
  for (const Case& one : cases) {
    SCOPED_TRACE(one.handle + ' ' + one.name);
    const auto signed_up = sign_up(one.handle, one.name, one.password);
    EXPECT_EQ(signed_up.ok(), one.good);
    if (signed_up.ok())
      ++expected;
    else
      EXPECT_EQ(signed_up.error().code(), Code::invalid);
  }
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM account"), expected);
}

TEST_P(AccountsTest, AHandleHasOneOwnerHoweverManyWantIt) {
  const SignedIn first = must_sign_up("taken");
  const auto again = sign_up("taken");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::conflict);
  EXPECT_EQ(again.error().message(), "the handle is taken: choose another");

  std::vector<std::thread> threads;
  std::atomic<int> won{0}, lost{0};
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&] {
      const auto signed_up = sign_up("wanted");
      if (signed_up.ok())
        ++won;
      else if (signed_up.error().code() == Code::conflict)
        ++lost;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 7);
  // Neither sessions nor facts of those who lost are left over.
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM session"), 2);
  EXPECT_EQ(facts_after(0).size(), 2u);
}

TEST_P(AccountsTest, RenamesRaiseTheRevisionAndSayIt) {
  const SignedIn in = must_sign_up("mio");
  for (int count = 2; count < 5; ++count) {
    const std::string name = "Mio " + std::to_string(count);
    const auto renamed = rename(in.account.id, name);
    ASSERT_TRUE(renamed.ok());
    EXPECT_EQ(renamed.value().value.name, name);
    const auto facts = facts_after(renamed.value().position.offset - 1);
    ASSERT_EQ(facts.size(), 1u);
    EXPECT_EQ(std::get<AccountChanged>(facts[0]).rev, static_cast<std::uint64_t>(count));
    EXPECT_EQ(std::get<AccountChanged>(facts[0]).name, name);
  }
  EXPECT_EQ(rename(in.account.id, repeated("x", 41)).error().code(), Code::invalid);
  EXPECT_EQ(rename(AccountId{5}, "Nobody").error().code(), Code::not_found);
  EXPECT_TRUE(standings_->check(in.credential).ok());
}

TEST_P(AccountsTest, AProfileChangesWhereItIsTold) {
  const SignedIn in = must_sign_up("mio");
  const AccountId mio = in.account.id;
  EXPECT_EQ(in.account.face, face::genome_of(mio.value)) << "nobody has to choose a face";
  const auto row_of = [&] {
    return read([&](sql::Connection& connection) { return account_of(connection, mio); });
  };
  EXPECT_EQ(row_of().account.bio, "");
  EXPECT_EQ(row_of().account.face, in.account.face);

  const auto first = change_profile(mio, {.bio = " lights lanterns\r\nat night ",
                                          .face = face::Genome{0xfedcba9876543210},
                                          .empathies_shown_to = Audience::nobody});
  ASSERT_TRUE(first.ok());
  const Account& after = first.value().value;
  EXPECT_EQ(after.name, in.account.name);
  EXPECT_EQ(after.bio, "lights lanterns\nat night");
  EXPECT_EQ(after.face.bits, 0xfedcba9876543210U);
  EXPECT_EQ(after.follows_shown_to, Audience::everyone);
  EXPECT_EQ(after.empathies_shown_to, Audience::nobody);
  const auto facts = facts_after(first.value().position.offset - 1);
  ASSERT_EQ(facts.size(), 1u);
  const auto& fact = std::get<AccountChanged>(facts[0]);
  EXPECT_EQ(fact.rev, 2u);
  EXPECT_EQ(fact.bio, after.bio);
  EXPECT_EQ(fact.face, 0xfedcba9876543210U);
  EXPECT_EQ(fact.empathies_shown_to, Audience::nobody);
  EXPECT_EQ(row_of().account.bio, after.bio);
  EXPECT_EQ(row_of().account.face, after.face);
  EXPECT_EQ(row_of().account.empathies_shown_to, Audience::nobody);

  // All zeros give the first face back.
  const auto second = change_profile(mio, {.face = face::Genome{0}});
  EXPECT_EQ(second.value().value.face, in.account.face);
  EXPECT_EQ(second.value().value.bio, after.bio);
}

TEST_P(AccountsTest, ProfilesHaveLimits) {
  const AccountId mio = must_sign_up("mio").account.id;
  const auto code_of = [&](const ProfileChange& change) {
    const auto changed = change_profile(mio, change);
    return changed.ok() ? "taken" : std::string(matsuri::name_of(changed.error().code()));
  };
  EXPECT_EQ(code_of({}), "invalid");
  EXPECT_EQ(code_of({.bio = ""}), "taken");
  EXPECT_EQ(code_of({.bio = repeated("祭", 160)}), "taken");
  EXPECT_EQ(code_of({.bio = repeated("祭", 161)}), "invalid");
  EXPECT_EQ(code_of({.bio = std::string("\x01")}), "invalid");
  EXPECT_EQ(code_of({.name = "", .bio = "good"}), "invalid");
  EXPECT_EQ(
      read([&](sql::Connection& connection) { return account_of(connection, mio); }).account.bio,
      repeated("祭", 160))
      << "nothing of a refused change is kept";
}

TEST_P(AccountsTest, MutesAreOnesOwn) {
  const SignedIn mio = must_sign_up("mio"), ken = must_sign_up("ken");
  const auto muted_by = [&](const SignedIn& who) {
    std::vector<std::string> handles;
    for (const Account& account :
         read([&](sql::Connection& connection) { return mutes_of(connection, who.account.id); }))
      handles.push_back(account.handle);
    return handles;
  };
  const auto first = set_mute(mio.account.id, "ken", true);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(facts_after(first.value().position.offset - 1).back(),
            Event(MuteChanged{
                .account = mio.account.id, .target = ken.account.id, .rev = 1, .muted = true}));
  EXPECT_EQ(set_mute(mio.account.id, "ken", true).value().position.offset, 0u);
  EXPECT_EQ(muted_by(mio), std::vector<std::string>{"ken"});
  EXPECT_TRUE(muted_by(ken).empty());
  EXPECT_TRUE(read([&](sql::Connection& connection) {
                return blocks_of(connection, mio.account.id);
              }).empty());
  const auto second = set_mute(mio.account.id, "ken", false);
  EXPECT_EQ(std::get<MuteChanged>(facts_after(second.value().position.offset - 1).back()).rev, 2u);
  EXPECT_TRUE(muted_by(mio).empty());
  EXPECT_EQ(set_mute(mio.account.id, "mio", true).error().code(), Code::invalid);
  EXPECT_EQ(set_mute(mio.account.id, "nobody", true).error().code(), Code::not_found);
}

TEST_P(AccountsTest, MutesEndAtTheirLimit) {
  const SignedIn mio = must_sign_up("mio");
  must_sign_up("ken");
  must_sign_up("rin");
  // All but one of the places, written as an earlier time would have left them.
  ASSERT_TRUE(db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                   std::vector<sql::Value> rows;
                   for (std::uint64_t target = 1; target < mute_count_max; ++target) {
                     const sql::Value row[] = {mio.account.id.value, target, 1, 1, 1};
                     rows.insert(rows.end(), std::begin(row), std::end(row));
                   }
                   return connection.insert_rows(
                       "INSERT INTO mute (account, target, rev, muted, changed_ms)", "", 5, rows);
                 })
                  .ok());
  EXPECT_TRUE(set_mute(mio.account.id, "ken", true).ok());
  EXPECT_EQ(set_mute(mio.account.id, "rin", true).error().code(), Code::exhausted);
  EXPECT_TRUE(set_block(mio.account.id, "rin", true).ok()) << "blocks are counted by themselves";
  EXPECT_TRUE(set_mute(mio.account.id, "ken", false).ok());
  EXPECT_TRUE(set_mute(mio.account.id, "rin", true).ok());
}

// Goal: who was there before profiles has one, and a face, without choosing.
TEST_P(AccountsTest, ADatabaseOfBeforeProfilesGetsThem) {
  const auto old = open(fresh_options("old"));
  ASSERT_TRUE(old->migrate("main", migrations().first(1)).ok());
  ASSERT_TRUE(old->write_and_wait([&](sql::Connection& connection) {
                   return connection.insert_rows(
                       "INSERT INTO account (id, handle, name, password, role, epoch, rev, "
                       "created_ms)",
                       "", 8, std::vector<sql::Value>{77, "mio", "Mio", "", 3, 2, 5, 1});
                 })
                  .ok());
  ASSERT_TRUE(old->migrate("main", migrations()).ok());
  AccountRow row;
  ASSERT_TRUE(old->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                   TRY_ASSIGN(row, account_named(connection, "mio"));
                   return {};
                 })
                  .ok());
  EXPECT_EQ(row.account.name, "Mio");
  EXPECT_EQ(row.account.role, Role::admin);
  EXPECT_EQ(row.rev, 5u);
  EXPECT_EQ(row.account.bio, "");
  EXPECT_EQ(row.chosen_face, 0u);
  EXPECT_EQ(row.account.face, face::genome_of(77));
  EXPECT_EQ(row.account.follows_shown_to, Audience::everyone);
  EXPECT_EQ(row.account.empathies_shown_to, Audience::everyone);
}

TEST_P(AccountsTest, RolesCountFromTheAnswerOnAndAfterARestart) {
  const SignedIn in = must_sign_up("boss");
  EXPECT_EQ(standings_->standing(in.account.id).role, Role::user);
  const auto given = set_role("boss", Role::admin);
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given.value().value.role, Role::admin);
  EXPECT_EQ(standings_->check(in.credential).value().role, Role::admin);
  EXPECT_EQ(set_role("nobody", Role::admin).error().code(), Code::not_found);

  start();
  EXPECT_EQ(standings_->check(in.credential).value().role, Role::admin);
  ASSERT_TRUE(set_role("boss", Role::user).ok());
  EXPECT_EQ(standings_->standing(in.account.id).role, Role::user);
  EXPECT_TRUE(standings_->check(in.credential).ok());
}

TEST_P(AccountsTest, BlocksAreOneFactAChangeAndAPairHasItsOwnRevisions) {
  const SignedIn mio = must_sign_up("mio");
  const SignedIn ken = must_sign_up("ken");
  const std::uint64_t before = outbox_->end_offset().value();
  const auto blocked_by = [&](const SignedIn& who) {
    std::vector<std::string> handles;
    for (const Account& account :
         read([&](sql::Connection& connection) { return blocks_of(connection, who.account.id); }))
      handles.push_back(account.handle);
    return handles;
  };

  const auto first = set_block(mio.account.id, "ken", true);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first.value().position.offset, before + 1);
  // Again is no error and changes nothing, so nothing is told.
  EXPECT_EQ(set_block(mio.account.id, "ken", true).value().position.offset, 0u);
  EXPECT_EQ(blocked_by(mio), std::vector<std::string>{"ken"});
  EXPECT_TRUE(blocked_by(ken).empty());
  ASSERT_TRUE(set_block(ken.account.id, "mio", true).ok());
  ASSERT_TRUE(set_block(mio.account.id, "ken", false).ok());
  EXPECT_TRUE(blocked_by(mio).empty());
  EXPECT_EQ(blocked_by(ken), std::vector<std::string>{"mio"});

  const std::vector<Event> expected = {
      BlockChanged{mio.account.id, ken.account.id, 1, true},
      BlockChanged{ken.account.id, mio.account.id, 1, true},
      BlockChanged{mio.account.id, ken.account.id, 2, false},
  };
  EXPECT_EQ(facts_after(before), expected);
  EXPECT_EQ(set_block(mio.account.id, "mio", true).error().code(), Code::invalid);
  EXPECT_EQ(set_block(mio.account.id, "nobody", true).error().code(), Code::not_found);
  EXPECT_EQ(set_block(mio.account.id, "nobody", false).error().code(), Code::not_found);
}

TEST_P(AccountsTest, ABlockStandsBetweenTwoWhicheverMadeIt) {
  const AccountId mio = must_sign_up("mio").account.id, ken = must_sign_up("ken").account.id,
                  rin = must_sign_up("rin").account.id;
  ASSERT_TRUE(set_block(mio, "ken", true).ok());
  ASSERT_TRUE(set_block(rin, "mio", true).ok());
  ASSERT_TRUE(set_block(ken, "rin", true).ok());
  ASSERT_TRUE(set_block(ken, "rin", false).ok());
  const auto among = [&](AccountId account) {
    const AccountId others[] = {mio, ken, rin};
    return read(
        [&](sql::Connection& connection) { return blocked_among(connection, account, others); });
  };
  EXPECT_EQ(among(mio), (std::unordered_set<AccountId>{ken, rin}));
  EXPECT_EQ(among(ken), (std::unordered_set<AccountId>{mio}));
  EXPECT_EQ(among(rin), (std::unordered_set<AccountId>{mio}));
  const auto blocks = [&](AccountId account, AccountId target) {
    return read(
        [&](sql::Connection& connection) { return is_blocking(connection, account, target); });
  };
  EXPECT_TRUE(blocks(mio, ken));
  EXPECT_FALSE(blocks(ken, mio));
  EXPECT_FALSE(blocks(ken, rin));
  EXPECT_FALSE(blocks(mio, {}));
}

TEST_P(AccountsTest, BlocksEndAtTheirLimit) {
  const SignedIn mio = must_sign_up("mio");
  must_sign_up("ken");
  must_sign_up("rin");
  // All but one of the places, written as an earlier time would have left them.
  ASSERT_TRUE(db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                   std::vector<sql::Value> rows;
                   for (std::uint64_t target = 1; target < block_count_max; ++target) {
                     const sql::Value row[] = {mio.account.id.value, target, 1, 1, 1};
                     rows.insert(rows.end(), std::begin(row), std::end(row));
                   }
                   return connection.insert_rows(
                       "INSERT INTO block (account, target, rev, blocked, changed_ms)", "", 5,
                       rows);
                 })
                  .ok());
  EXPECT_TRUE(set_block(mio.account.id, "ken", true).ok());
  EXPECT_EQ(set_block(mio.account.id, "rin", true).error().code(), Code::exhausted);
  EXPECT_TRUE(set_block(mio.account.id, "ken", false).ok());
  EXPECT_TRUE(set_block(mio.account.id, "rin", true).ok());
}

TEST_P(AccountsTest, ImportsKeepTheirFirstIdAndNobodySignsInAsThem) {
  must_sign_up("taken");
  const auto imported_id = [](std::uint16_t sequence) {
    return AccountId{
        compose_id({.unix_ms = 1'400'000'000'000, .node = import_node, .sequence = sequence})};
  };
  const std::vector<ImportedAccount> wanted = {
      {.source = "steam", .source_id = "1", .handle = "ada", .name = "Ada", .id = imported_id(1)},
      {.source = "steam", .source_id = "2", .handle = "taken", .name = "T", .id = imported_id(2)},
      {.source = "steam", .source_id = "1", .handle = "ada2", .name = "A", .id = imported_id(3)},
      {.source = "steam", .source_id = "4", .handle = "ada", .name = "B", .id = imported_id(4)},
      {.source = "other",
       .source_id = "1",
       .handle = "bob",
       .name = "Bob",
       .id = imported_id(5),
       .bio = "one\ntwo",
       .face = 0xfedcba9876543210},
  };
  for (int round = 0; round < 2; ++round) {
    const auto made = accounts_->import(wanted);
    ASSERT_TRUE(made.ok());
    ASSERT_EQ(made.value().size(), wanted.size());
    EXPECT_EQ(made.value()[0].value(), imported_id(1));
    EXPECT_EQ(made.value()[1].error().code(), Code::conflict);
    EXPECT_EQ(made.value()[2].value(), imported_id(1));
    EXPECT_EQ(made.value()[3].error().code(), Code::conflict);
    EXPECT_EQ(made.value()[4].value(), imported_id(5));
  }
  const std::vector<Event> facts = facts_after(1);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(std::get<AccountChanged>(facts[0]).created_unix_ms, 1'400'000'000'000);
  EXPECT_EQ(std::get<AccountChanged>(facts[0]).face, 0u);
  const auto named = [&](const char* handle) {
    return read([&](sql::Connection& connection) { return account_named(connection, handle); });
  };
  EXPECT_EQ(named("ada").account.face, face::genome_of(imported_id(1).value));
  const AccountRow bob = named("bob");
  EXPECT_EQ(bob.account.bio, "one\ntwo");
  EXPECT_EQ(bob.account.face.bits, 0xfedcba9876543210U);
  EXPECT_EQ(facts[1], Event(fact_of(bob)));

  for (const char* password : {"correct horse", "a log-in with a handle that nobody has"})
    EXPECT_EQ(log_in("ada", password).error().code(), Code::unauthenticated);
}

TEST_P(AccountsTest, TheDirectoryKnowsNewNames) {
  const SignedIn mio = must_sign_up("mio");
  Directory directory(*db_, 2);
  const auto resolve = [&](AccountId id) {
    std::promise<Result<Account>> promise;
    directory.resolve(id, executor_,
                      [&](Result<Account> got) { promise.set_value(std::move(got)); });
    return promise.get_future().get();
  };
  const auto follow = [&](std::uint64_t offset) {
    directory.consume(outbox_->read(offset, 1000).value());
  };
  EXPECT_FALSE(directory.find(mio.account.id));
  EXPECT_EQ(resolve(mio.account.id).value().name, "Somebody");
  EXPECT_EQ(resolve(AccountId{5}).error().code(), Code::not_found);
  ASSERT_TRUE(rename(mio.account.id, "Mio").ok());
  EXPECT_EQ(directory.find(mio.account.id)->name, "Somebody");
  follow(0);
  EXPECT_EQ(directory.find(mio.account.id)->name, "Mio");
  const ProfileChange all = {.name = "Mio",
                             .bio = "hello",
                             .face = face::Genome{0xfedcba9876543210},
                             .follows_shown_to = Audience::nobody,
                             .empathies_shown_to = Audience::nobody};
  ASSERT_TRUE(change_profile(mio.account.id, all).ok());
  follow(0);
  EXPECT_EQ(directory.find(mio.account.id)->bio, "hello");
  EXPECT_EQ(directory.find(mio.account.id)->face, all.face);
  EXPECT_EQ(directory.find(mio.account.id)->follows_shown_to, Audience::nobody);
  EXPECT_EQ(directory.find(mio.account.id)->empathies_shown_to, Audience::nobody);
  ASSERT_TRUE(change_profile(mio.account.id, {.face = face::Genome{0}}).ok());
  follow(0);
  EXPECT_EQ(directory.find(mio.account.id)->face, face::genome_of(mio.account.id.value));
  follow(0);  // older ones again
  EXPECT_EQ(directory.find(mio.account.id)->name, "Mio");

  // It keeps those whom somebody asked for, and no more of them than it may.
  const SignedIn ken = must_sign_up("ken");
  const SignedIn rin = must_sign_up("rin");
  follow(0);
  EXPECT_FALSE(directory.find(ken.account.id));
  EXPECT_TRUE(resolve(ken.account.id).ok());
  EXPECT_TRUE(resolve(rin.account.id).ok());
  EXPECT_FALSE(directory.find(mio.account.id));
  EXPECT_TRUE(directory.find(rin.account.id));
}

// A read of the directory that begins before a rename and ends after its fact once left the old
// name there for good.
TEST_P(AccountsTest, ANameThatChangesDuringItsReadIsTheNewOne) {
  const SignedIn mio = must_sign_up("mio");
  Directory directory(*db_);
  // The executor keeps the completion back: the row is read, and not yet in the cache.
  struct HoldingExecutor final : io::Executor {
    void post(io::Task task) override { held.set_value(std::move(task)); }
    std::promise<io::Task> held;
  } holding;
  std::optional<Result<Account>> got;
  directory.resolve(mio.account.id, holding,
                    [&](Result<Account> result) { got = std::move(result); });
  io::Task finish = holding.held.get_future().get();
  ASSERT_TRUE(rename(mio.account.id, "Mio").ok());
  directory.consume(outbox_->read(0, 1000).value());
  finish();
  EXPECT_EQ(got->value().name, "Mio");
  EXPECT_EQ(directory.find(mio.account.id)->name, "Mio");
}

}  // namespace
}  // namespace matsuri::account
