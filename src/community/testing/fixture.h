// What the tests of community begin with: what account's tests have, and everything of this module
// over the same database.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "account/testing/fixture.h"
#include "base/assert.h"
#include "community/directory.h"
#include "community/exec.h"
#include "community/query.h"
#include "community/schema.h"

namespace matsuri::community::testing {

using account::testing::wait_for;

inline std::vector<LocalName> named(const std::string& text) { return {{"en", text}}; }

class CommunitiesTest : public account::testing::AccountsTest {
 protected:
  void SetUp() override {
    AccountsTest::SetUp();
    if (IsSkipped()) return;
    begin();
  }
  void TearDown() override {
    communities_.reset();
    AccountsTest::TearDown();
  }
  // Closes everything and opens it again over the same database.
  void restart() {
    communities_.reset();
    start();
    begin();
  }

  Actor person(const std::string& handle, Role role = Role::user) {
    return {.account = must_sign_up(handle).account.id, .role = role};
  }

  Result<Committed<Made<Title>>> make_title(const Actor& actor, NewTitle wanted,
                                            const Retry& retry) {
    return wait_for<Made<Title>>([&](auto done) {
      communities_->create_title(actor, std::move(wanted), retry, executor_, std::move(done));
    });
  }
  Result<Committed<Title>> create_title(const Actor& actor, NewTitle wanted) {
    TRY_ASSIGN(auto made, make_title(actor, std::move(wanted), {}));
    return Committed<Title>{std::move(made.value.value), made.position};
  }
  Result<Committed<Title>> change_title(const Actor& actor, TitleId title, TitleChange change) {
    return wait_for<Title>([&](auto done) {
      communities_->change_title(actor, title, std::move(change), executor_, std::move(done));
    });
  }
  Result<Committed<Made<Community>>> make_community(const Actor& actor, NewCommunity wanted,
                                                    const Retry& retry) {
    return wait_for<Made<Community>>([&](auto done) {
      communities_->create_community(actor, std::move(wanted), retry, executor_, std::move(done));
    });
  }
  Result<Committed<Community>> create_community(const Actor& actor, NewCommunity wanted) {
    TRY_ASSIGN(auto made, make_community(actor, std::move(wanted), {}));
    return Committed<Community>{std::move(made.value.value), made.position};
  }
  Result<Committed<Community>> change_community(const Actor& actor, CommunityId community,
                                                CommunityChange change) {
    return wait_for<Community>([&](auto done) {
      communities_->change_community(actor, community, std::move(change), executor_,
                                     std::move(done));
    });
  }
  Title must_create_title(const std::string& name) {
    auto made = create_title(admin_, {.names = named(name)});
    MATSURI_ASSERT(made.ok(), made.ok() ? "" : made.error().message());
    return std::move(made).value().value;
  }
  Community must_create_community(const Actor& actor, NewCommunity wanted) {
    auto made = create_community(actor, std::move(wanted));
    MATSURI_ASSERT(made.ok(), made.ok() ? "" : made.error().message());
    return std::move(made).value().value;
  }
  Community community_of(CommunityId id) {
    return read(
               [&](sql::Connection& connection) { return community::community_of(connection, id); })
        .community;
  }
  Title title_of(TitleId id) {
    return read([&](sql::Connection& connection) { return community::title_of(connection, id); })
        .title;
  }
  std::uint64_t end_offset() { return outbox_->end_offset().value(); }

  Actor admin_;
  std::unique_ptr<CommunityDirectory> directory_;
  std::unique_ptr<Communities> communities_;

 private:
  void begin() {
    MATSURI_ASSERT(db_->migrate("community", migrations()).ok());
    directory_ = std::make_unique<CommunityDirectory>();
    MATSURI_ASSERT(db_->read_and_wait(
                          [&](sql::Connection& connection) { return directory_->load(connection); })
                       .ok());
    communities_ = std::make_unique<Communities>(CommunitiesParts{
        .db = *db_, .outbox = *outbox_, .ids = *ids_, .directory = *directory_, .clock = clock_});
    if (!admin_.account) admin_ = person("boss", Role::admin);
  }
};

}  // namespace matsuri::community::testing
