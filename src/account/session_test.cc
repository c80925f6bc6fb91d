// Goal: who may sign in, and how long a session or token counts: from its answer on, to the one that
// ends it, and over a restart.
#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "account/testing/fixture.h"

namespace matsuri::account {
namespace {

using testing::wait_for;

class SessionTest : public testing::AccountsTest {};
MATSURI_FOR_EACH_ENGINE(SessionTest);

TEST_P(SessionTest, LogInTakesThePasswordHoweverItIsComposed) {
  ASSERT_TRUE(sign_up("mio", "Mio", "caf\u00e9 au lait").ok());
  EXPECT_TRUE(log_in("mio", "caf\u00e9 au lait").ok());
  EXPECT_TRUE(log_in("mio", "cafe\u0301 au lait").ok());
}

TEST_P(SessionTest, EveryWrongLogInGetsTheSameAnswer) {
  must_sign_up("mio");
  std::vector<Error> errors;
  for (const auto& [handle, password] :
       std::vector<std::pair<std::string, std::string>>{{"mio", "wrong password"},
                                                        {"nobody", "correct horse"},
                                                        {"Not A Handle", "correct horse"},
                                                        {"mio", "short"},
                                                        {"mio", "correct horse "},
                                                        {"mio", std::string(13, '\xff')}}) {
    const auto refused = log_in(handle, password);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::unauthenticated);
    EXPECT_EQ(refused.error().message(), log_in("mio", "wrong password").error().message());
  }
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM session"), 1);
}

// Method: the hash's cost is what a watcher could measure, so it is raised until it outweighs
// everything else; then CPU time of both is compared, wide enough for any machine.
TEST_P(SessionTest, AHandleThatNobodyHasCostsAsMuchAsAWrongPassword) {
  accounts_ = std::make_unique<Accounts>(
      AccountsParts{.db = *db_,
                    .outbox = *outbox_,
                    .ids = *ids_,
                    .standings = *standings_,
                    .hashers = *hashers_,
                    .clock = clock_,
                    .cost = {.memory_size = std::uint64_t{8} << 20, .passes = 3}});
  must_sign_up("mio");
  const auto cpu_us = [] {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
  };
  const auto cost_of = [&](const std::string& handle) {
    const std::int64_t before = cpu_us();
    for (int count = 0; count < 8; ++count)
      EXPECT_EQ(log_in(handle, "wrong password").error().code(), Code::unauthenticated);
    return static_cast<double>(cpu_us() - before);
  };
  const double known = cost_of("mio"), unknown = cost_of("nobody");
  EXPECT_GT(unknown, known / 3);
  EXPECT_LT(unknown, known * 3);
}

TEST_P(SessionTest, PasswordsThatWaitAreBounded) {
  must_sign_up("mio");
  // Both threads held, the queue of 64 filled: the next ones are told at once.
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  for (int count = 0; count < 2; ++count)
    ASSERT_TRUE(hashers_->submit([released] { released.wait(); }).ok());
  while (hashers_->queue_count() > 0) std::this_thread::yield();
  for (int count = 0; count < 64; ++count) ASSERT_TRUE(hashers_->submit([] {}).ok());
  EXPECT_EQ(sign_up("ken").error().code(), Code::busy);
  EXPECT_EQ(log_in("mio").error().code(), Code::busy);
  release.set_value();
  while (hashers_->queue_count() > 0) std::this_thread::yield();
  EXPECT_TRUE(log_in("mio").ok());
  EXPECT_TRUE(sign_up("ken").ok());
}

TEST_P(SessionTest, AClosedSessionCountsNoLongerAndOthersDo) {
  const SignedIn first = must_sign_up("mio");
  const SignedIn second = log_in("mio").value().value;
  const SignedIn other = must_sign_up("ken");
  // Nobody closes what is somebody else's.
  EXPECT_EQ(close_session(other.account.id, first.credential.id).error().code(), Code::not_found);
  const auto closed = close_session(first.account.id, first.credential.id);
  ASSERT_TRUE(closed.ok());
  const auto facts = facts_after(closed.value().position.offset - 1);
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0], Event(CredentialClosed{first.account.id, first.credential.id}));
  EXPECT_EQ(close_session(first.account.id, first.credential.id).error().code(), Code::not_found);

  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(standings_->check(first.credential).error().code(), Code::unauthenticated);
    EXPECT_TRUE(standings_->check(second.credential).ok());
    EXPECT_TRUE(standings_->check(other.credential).ok());
    EXPECT_EQ(sessions_of(first.account.id).size(), 1u);
    start();
  }
}

TEST_P(SessionTest, ClosingAllRaisesTheEpoch) {
  const SignedIn first = must_sign_up("mio");
  const SignedIn second = log_in("mio").value().value;
  const CreatedToken token = create_token(first.account.id, "bot").value().value;
  const auto closed = close_sessions(first.account.id);
  ASSERT_TRUE(closed.ok());
  const auto fact = std::get<AccountChanged>(facts_after(closed.value().position.offset - 1)[0]);
  EXPECT_EQ(fact.epoch, 1u);
  EXPECT_TRUE(sessions_of(first.account.id).empty());
  const SignedIn third = log_in("mio").value().value;
  EXPECT_EQ(third.credential.epoch, 1u);

  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(standings_->check(first.credential).ok());
    EXPECT_FALSE(standings_->check(second.credential).ok());
    EXPECT_TRUE(standings_->check(third.credential).ok());
    EXPECT_TRUE(standings_->check(token.credential).ok());  // tokens stay
    start();
  }
}

// A log-in that had read the account before all sessions were closed once got a session of the old
// epoch: signed out as soon as it was signed in.
TEST_P(SessionTest, ALogInThatMeetsALogOutEverywhereIsGoodOrRefusedNeverDead) {
  const SignedIn mio = must_sign_up("mio");
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  for (int count = 0; count < 2; ++count)
    ASSERT_TRUE(hashers_->submit([released] { released.wait(); }).ok());
  std::promise<Result<Committed<SignedIn>>> promise;
  accounts_->log_in({.handle = "mio", .password = "correct horse", .user_agent = ""}, executor_,
                    [&](Result<Committed<SignedIn>> in) { promise.set_value(std::move(in)); });
  // The account is read as soon as its password waits for a hasher.
  while (hashers_->queue_count() == 0) std::this_thread::yield();
  ASSERT_TRUE(close_sessions(mio.account.id).ok());
  release.set_value();
  const auto in = promise.get_future().get();
  ASSERT_TRUE(in.ok());
  EXPECT_TRUE(standings_->check(in.value().value.credential).ok());
}

TEST_P(SessionTest, TheOldestSessionGoesBeyondFifty) {
  const SignedIn first = must_sign_up("mio");
  std::vector<Credential> all = {first.credential};
  while (all.size() < session_count_max) all.push_back(log_in("mio").value().value.credential);
  EXPECT_EQ(sessions_of(first.account.id).size(), session_count_max);
  EXPECT_TRUE(standings_->check(all.front()).ok());

  all.push_back(log_in("mio").value().value.credential);
  EXPECT_EQ(sessions_of(first.account.id).size(), session_count_max);
  EXPECT_FALSE(standings_->check(all.front()).ok());
  for (std::size_t index = 1; index < all.size(); ++index)
    EXPECT_TRUE(standings_->check(all[index]).ok()) << index;
}

TEST_P(SessionTest, SessionsEndAfterThirtyDaysAndTokensDoNot) {
  const SignedIn in = must_sign_up("mio");
  const CreatedToken token = create_token(in.account.id, "bot").value().value;
  advance_ms(session_age_ms_max - (clock_.unix_ms() - parts_of(in.credential.id).unix_ms));
  EXPECT_TRUE(standings_->check(in.credential).ok());
  EXPECT_EQ(accounts_->forget_old_sessions().value(), 0u);
  advance_ms(1);
  EXPECT_EQ(standings_->check(in.credential).error().code(), Code::unauthenticated);
  EXPECT_TRUE(standings_->check(token.credential).ok());
  EXPECT_TRUE(sessions_of(in.account.id).empty());

  const SignedIn newer = log_in("mio").value().value;
  EXPECT_EQ(accounts_->forget_old_sessions().value(), 1u);
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM session"), 1);
  EXPECT_TRUE(standings_->check(newer.credential).ok());
}

TEST_P(SessionTest, TokensAreListedClosedAndBounded) {
  const SignedIn mio = must_sign_up("mio");
  const SignedIn ken = must_sign_up("ken");
  EXPECT_EQ(create_token(mio.account.id, "").error().code(), Code::invalid);
  EXPECT_EQ(create_token(mio.account.id, std::string(41, 'x')).error().code(), Code::invalid);
  EXPECT_TRUE(create_token(mio.account.id, std::string(40, 'x')).ok());
  std::vector<CreatedToken> tokens;
  while (tokens.size() + 1 < token_count_max)
    tokens.push_back(create_token(mio.account.id, "bot").value().value);
  EXPECT_EQ(create_token(mio.account.id, "bot").error().code(), Code::exhausted);
  EXPECT_TRUE(create_token(ken.account.id, "bot").ok());

  const CreatedToken& last = tokens.back();
  EXPECT_EQ(last.credential.kind, Credential::Kind::token);
  EXPECT_EQ(close_token(ken.account.id, last.token.id).error().code(), Code::not_found);
  ASSERT_TRUE(close_token(mio.account.id, last.token.id).ok());
  EXPECT_EQ(close_token(mio.account.id, last.token.id).error().code(), Code::not_found);
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(standings_->check(last.credential).ok());
    EXPECT_TRUE(standings_->check(tokens[0].credential).ok());
    const auto open =
        read([&](sql::Connection& connection) { return tokens_of(connection, mio.account.id); });
    ASSERT_EQ(open.size(), token_count_max - 1);
    EXPECT_TRUE(std::ranges::is_sorted(open, std::greater(), &Token::id));
    start();
  }
  EXPECT_TRUE(create_token(mio.account.id, "bot").ok());
}

TEST_P(SessionTest, LastSeenIsWrittenOnceForMany) {
  const SignedIn in = must_sign_up("mio");
  advance_ms(60'000);
  for (int count = 0; count < 5; ++count) accounts_->seen(SessionId{in.credential.id});
  EXPECT_EQ(sessions_of(in.account.id)[0].seen_unix_ms, testing::start_ms);
  ASSERT_TRUE(accounts_->flush_seen().ok());
  EXPECT_EQ(sessions_of(in.account.id)[0].seen_unix_ms, testing::start_ms + 60'000);
  ASSERT_TRUE(accounts_->flush_seen().ok());
}

TEST_P(SessionTest, UserAgentsAreKeptAsTextOfBoundedSize) {
  const AccountId mio = must_sign_up("mio").account.id;
  const auto kept = [&](const std::string& user_agent) {
    const SignedIn in = log_in("mio", "correct horse", user_agent).value().value;
    for (const Session& session : sessions_of(mio))
      if (session.id.value == in.credential.id) return session.user_agent;
    return std::string("missing");
  };
  EXPECT_EQ(kept(std::string(256, 'x')), std::string(256, 'x'));
  EXPECT_EQ(kept(std::string(257, 'x')), std::string(256, 'x'));
  EXPECT_EQ(kept(std::string(255, 'x') + "\u00e9"), std::string(255, 'x'));
  EXPECT_EQ(kept("bad\xff"), "");
  EXPECT_EQ(kept("bell\a"), "");
}

}  // namespace
}  // namespace matsuri::account
