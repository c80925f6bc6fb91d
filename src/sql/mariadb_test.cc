// What only MariaDB has: settings of the server, connections that break, commits that nobody heard
// of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <future>
#include <thread>
#include <vector>

#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

using ::testing::HasSubstr;

constexpr std::array migrations = {
    Migration{1,
              "CREATE TABLE item (id {ID} NOT NULL PRIMARY KEY, n {INT} NOT NULL DEFAULT 0)"
              " {TABLE_OPTIONS}"}};

Result<void> add(Connection& connection, std::int64_t id) {
  TRY(connection.execute("INSERT INTO item (id) VALUES (?)", {id}));
  return {};
}

Result<void> run(Connection& connection, const std::string& text) {
  TRY(connection.execute(text));
  return {};
}

class MariadbTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server = MariadbServer::get();
    if (server == nullptr) GTEST_SKIP() << "mariadbd is not installed (package mariadb-server)";
    options = server->fresh_database("mariadb");
    Result<std::unique_ptr<Db>> opened = Db::open(options);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    db = std::move(opened).value();
    ASSERT_TRUE(db->migrate("item", migrations).ok());
  }

  // As the operator, on a connection of its own.
  void administer(const std::string& text) {
    const Result<void> done =
        db->write_and_wait([&](Connection& connection) { return run(connection, text); });
    ASSERT_TRUE(done.ok()) << text << ": " << done.error().to_string();
  }
  std::int64_t number(const std::string& text) {
    std::optional<std::int64_t> found;
    const Result<void> read = db->read_and_wait([&](Connection& connection) -> Result<void> {
      TRY_ASSIGN(found, connection.integer(text));
      return {};
    });
    EXPECT_TRUE(read.ok()) << read.error().to_string();
    return found.value_or(-1);
  }
  // The server's number of a connection.
  static std::string id_of(Connection& connection) {
    const auto id = connection.integer("SELECT CONNECTION_ID()");
    return id.ok() ? std::to_string(id->value_or(0)) : "";
  }

  MariadbServer* server = nullptr;
  DbOptions options;
  std::unique_ptr<Db> db;
};

// Goal: a server that would break a promise is refused at start, by the name of the setting and with
// the right value.
TEST_F(MariadbTest, WrongSettingsAreNamed) {
  struct Case {
    std::string_view setting, wrong, right, hint;
  };
  const std::array cases = {
      Case{"innodb_flush_log_at_trx_commit", "2", "1", "must be '1'"},
      Case{"innodb_flush_log_at_trx_commit", "0", "1", "must be '1'"},
      Case{"max_allowed_packet", "1048576", "16777216", "must be '16 MiB or more'"},
      Case{"default_storage_engine", "'MyISAM'", "'InnoDB'", "must be 'InnoDB'"},
  };
  for (const Case& wrong : cases) {
    const std::string head = "SET GLOBAL " + std::string(wrong.setting) + " = ";
    administer(head + std::string(wrong.wrong));
    const auto opened = Db::open(options);
    administer(head + std::string(wrong.right));
    ASSERT_FALSE(opened.ok()) << wrong.setting;
    EXPECT_EQ(opened.error().code(), Code::invalid);
    EXPECT_THAT(opened.error().message(), HasSubstr("setting " + std::string(wrong.setting)));
    EXPECT_THAT(opened.error().message(), HasSubstr(std::string(wrong.hint)));
  }
  EXPECT_TRUE(Db::open(options).ok());
}

TEST_F(MariadbTest, ASchemaThatFoldsTextIsRefused) {
  const DbOptions folding = server->fresh_database("folding");
  administer("CREATE DATABASE " + folding.mariadb_schema +
             " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
  const auto opened = Db::open(folding);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::invalid);
  EXPECT_THAT(opened.error().message(), HasSubstr("must be 'utf8mb4_nopad_bin'"));
}

// Goal: whatever the server's defaults are, our sessions have the modes that make text mean the same.
TEST_F(MariadbTest, SessionsDoNotDependOnTheServersModes) {
  administer("SET GLOBAL sql_mode = ''");
  administer("SET GLOBAL tx_isolation = 'READ-UNCOMMITTED'");
  const auto opened = Db::open(options);
  administer("SET GLOBAL sql_mode = DEFAULT");
  administer("SET GLOBAL tx_isolation = DEFAULT");
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  ASSERT_FALSE((*opened)
                   ->write_and_wait([](Connection& connection) -> Result<void> {
                     TRY(connection.execute("INSERT INTO item (id, n) VALUES (1, 'x')"));
                     return {};
                   })
                   .ok());
}

TEST_F(MariadbTest, SchemaNamesAreChecked) {
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a`b"),
                                  std::string("x\"; DROP DATABASE y"), std::string(65, 'a')}) {
    DbOptions named = options;
    named.mariadb_schema = name;
    const auto opened = Db::open(named);
    ASSERT_FALSE(opened.ok()) << name;
    EXPECT_EQ(opened.error().code(), Code::invalid);
  }
}

// Goal: a row that the server would not take is the caller's fault, and breaks no connection.
TEST_F(MariadbTest, WhatIsLargerThanAPacketIsInvalid) {
  const std::string huge(20 << 20, 'x');
  const Result<void> refused = db->write_and_wait([&](Connection& connection) -> Result<void> {
    TRY(connection.execute("SELECT ?", {std::string_view(huge)}));
    return {};
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::invalid);
  EXPECT_TRUE(db->write_and_wait([](Connection& connection) { return add(connection, 1); }).ok());
}

// Goal: after the server died and came back, every kind of connection goes on by itself.
TEST_F(MariadbTest, ConnectsAgainAfterTheServerCameBack) {
  auto dedicated = db->dedicate();
  ASSERT_TRUE(dedicated.ok());
  DedicatedConnection& owner = **dedicated;
  const auto write_all = [&](std::int64_t id) {
    EXPECT_TRUE(db->write_and_wait([id](Connection& c) { return add(c, id); }).ok());
    ASSERT_TRUE(owner.begin().ok());
    ASSERT_TRUE(add(owner.connection(), id + 1).ok());
    EXPECT_EQ(owner.commit(), CommitOutcome::done);
  };
  write_all(1);
  EXPECT_EQ(number("SELECT count(*) FROM item"), 2);
  for (const bool clean : {true, false}) {
    if (clean)
      server->stop();
    else
      server->kill();
    const Result<void> refused = owner.begin();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::busy);
    server->start();
    write_all(clean ? 3 : 5);
  }
  EXPECT_EQ(number("SELECT count(*) FROM item"), 6);
}

// Goal: a strict transaction that was asked for while the server is away is done when it is back, or
// answers busy where that takes too long; and never is it done twice.
TEST_F(MariadbTest, StrictTransactionsWaitForTheServer) {
  io::InlineExecutor here;
  server->kill();
  std::future<Result<void>> answer;
  const auto ask = [&] {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    answer = promise->get_future();
    ASSERT_TRUE(db->write([](Connection& connection) { return add(connection, 1); }, here,
                          [promise](Result<void> result) { promise->set_value(std::move(result)); })
                    .ok());
  };
  ask();
  server->start();
  Result<void> written = answer.get();
  while (!written.ok() && written.error().code() == Code::busy) {
    ask();
    written = answer.get();
  }
  EXPECT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(number("SELECT count(*) FROM item"), 1);
}

// Goal: a connection that is lost inside a transaction leaves nothing of it, says so at once, and the
// owner's next transaction is a whole one.
TEST_F(MariadbTest, ALostConnectionUndoesTheTransaction) {
  auto dedicated = db->dedicate();
  ASSERT_TRUE(dedicated.ok());
  DedicatedConnection& owner = **dedicated;
  ASSERT_TRUE(owner.begin().ok());
  ASSERT_TRUE(add(owner.connection(), 1).ok());
  const std::string id = id_of(owner.connection());
  ASSERT_TRUE(db->read_and_wait([&](Connection& other) { return run(other, "KILL " + id); }).ok());
  const Result<void> lost = add(owner.connection(), 2);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code(), Code::busy);
  // Not a new connection behind the owner's back: half of its transaction would be missing.
  EXPECT_FALSE(add(owner.connection(), 3).ok());
  EXPECT_EQ(owner.commit(), CommitOutcome::failed);
  EXPECT_EQ(number("SELECT count(*) FROM item"), 0);
  ASSERT_TRUE(owner.begin().ok());
  ASSERT_TRUE(add(owner.connection(), 4).ok());
  EXPECT_EQ(owner.commit(), CommitOutcome::done);
  EXPECT_EQ(number("SELECT count(*) FROM item"), 1);
}

// A line to the server that breaks when somebody says COMMIT: before the server hears it, or before
// the answer comes back.
class BreakingLine {
 public:
  enum class Breaks : std::uint8_t { never, before_commit, after_commit };

  BreakingLine(const std::string& path, std::string server) : server_(std::move(server)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    accepting_ = std::jthread([this] {
      for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0;) {
        lines_.emplace_back([this, client] { carry(client); });
      }
    });
  }
  // REQUIRES: all connections through it are closed.
  ~BreakingLine() {
    shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    close(listener_);
  }

  void set(Breaks when) { breaks_ = when; }

 private:
  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    return address;
  }

  void carry(int client) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(server_);
    bool up = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    std::array<char, 16'384> buffer{};
    bool ends_with_answer = false;
    while (up) {
      std::array<pollfd, 2> ends = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
      if (poll(ends.data(), ends.size(), -1) < 0) break;
      const bool from_client = ends[0].revents != 0;
      const ssize_t size = read(from_client ? client : server, buffer.data(), buffer.size());
      if (size <= 0 || (!from_client && ends_with_answer)) break;
      const std::string_view said(buffer.data(), static_cast<std::size_t>(size));
      if (from_client && said.ends_with("COMMIT") && breaks_ != Breaks::never) {
        if (breaks_ == Breaks::before_commit) break;
        ends_with_answer = true;
      }
      up = write(from_client ? server : client, said.data(), said.size()) == size;
    }
    close(server);
    close(client);
  }

  std::string server_;
  int listener_ = -1;
  std::atomic<Breaks> breaks_ = Breaks::never;
  std::vector<std::jthread> lines_;
  std::jthread accepting_;
};

// Goal: a connection that breaks while COMMIT runs gives `unknown`, never done or failed, for an
// owner and for strict transactions, which are not run again then.
TEST_F(MariadbTest, ACommitThatNobodyHeardOfIsUnknown) {
  using Breaks = BreakingLine::Breaks;
  const TemporaryFolder folder;
  BreakingLine line(folder.path() + "/line", server->socket());
  DbOptions breaking = options;
  breaking.mariadb_socket = folder.path() + "/line";
  auto opened = Db::open(breaking);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  Db& caller = **opened;
  std::int64_t there_count = 0;
  for (const Breaks breaks : {Breaks::before_commit, Breaks::after_commit}) {
    auto dedicated = caller.dedicate();
    ASSERT_TRUE(dedicated.ok());
    DedicatedConnection& owner = **dedicated;
    ASSERT_TRUE(owner.begin().ok());
    ASSERT_TRUE(add(owner.connection(), 10 + there_count).ok());
    line.set(breaks);
    std::optional<Error> error;
    EXPECT_EQ(owner.commit(&error), CommitOutcome::unknown);
    EXPECT_TRUE(error.has_value());
    line.set(Breaks::never);
    there_count += breaks == Breaks::after_commit ? 1 : 0;
    ASSERT_TRUE(owner.begin().ok());
    const auto found = owner.connection().integer("SELECT count(*) FROM item");
    EXPECT_TRUE(found.ok() && *found == there_count);
    owner.rollback();

    line.set(breaks);
    int run_count = 0;
    const Result<void> written = caller.write_and_wait([&](Connection& connection) {
      ++run_count;
      return add(connection, 20 + there_count);
    });
    line.set(Breaks::never);
    there_count += breaks == Breaks::after_commit ? 1 : 0;
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code(), Code::io);
    EXPECT_THAT(written.error().message(), HasSubstr("unknown whether the commit happened"));
    EXPECT_EQ(run_count, 1);
    EXPECT_EQ(number("SELECT count(*) FROM item"), there_count);
  }
}

// Goal: a process that is frozen within a transaction does not keep others from its rows for ever, and
// learns that its own transaction is gone. Method: it says nothing, while another tries for longer
// than the server bears that.
TEST_F(MariadbTest, WhoeverSleepsWithLocksLosesThem) {
  ASSERT_TRUE(db->write_and_wait([](Connection& connection) { return add(connection, 1); }).ok());
  auto process = Db::open(options);
  ASSERT_TRUE(process.ok());
  auto sleeper = db->dedicate();
  auto other = (*process)->dedicate();
  ASSERT_TRUE(sleeper.ok() && other.ok());
  ASSERT_TRUE((*sleeper)->begin().ok());
  ASSERT_TRUE(run((*sleeper)->connection(), "UPDATE item SET n = 1 WHERE id = 1").ok());
  bool is_written = false;
  for (int i = 0; i < 4 && !is_written; ++i) {
    ASSERT_TRUE((*other)->begin().ok());
    is_written = run((*other)->connection(), "UPDATE item SET n = n + 10 WHERE id = 1").ok() &&
                 (*other)->commit() == CommitOutcome::done;
    if (!is_written) (*other)->rollback();
  }
  EXPECT_TRUE(is_written);
  EXPECT_NE((*sleeper)->commit(), CommitOutcome::done);
  EXPECT_EQ(number("SELECT n FROM item WHERE id = 1"), 10);
  ASSERT_TRUE((*sleeper)->begin().ok());
  (*sleeper)->rollback();
}

// Goal: two processes that both read and then write lose no update: one of them is told to do it
// again. Method: two Db objects, as two processes would have, count in one row.
// Goal: a statement whose result ends with an error is good for the next try. Method: a table is made
// anew between the snapshot of a read and its first look at it, so that the rows are refused when
// the columns were sent; then the same read goes on, on the same connection.
TEST_F(MariadbTest, AResultThatEndsWithAnErrorSpoilsNoOther) {
  int try_count = 0;
  std::string connection_id;
  const Result<void> read = db->read_and_wait([&](Connection& connection) -> Result<void> {
    if (try_count++ == 0) {
      connection_id = id_of(connection);
      administer("ALTER TABLE item FORCE");
    }
    EXPECT_EQ(id_of(connection), connection_id);
    TRY(connection.integer("SELECT COUNT(*) FROM item"));
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(try_count, 2);
}

TEST_F(MariadbTest, NoUpdateIsLostBetweenProcesses) {
  auto other = Db::open(options);
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(db->write_and_wait([](Connection& connection) { return add(connection, 1); }).ok());
  const auto increase = [](Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto n, connection.integer("SELECT n FROM item WHERE id = 1"));
    TRY(connection.execute("UPDATE item SET n = ? WHERE id = 1", {n.value_or(0) + 1}));
    return {};
  };
  std::atomic<int> done_count = 0;
  const auto work = [&](Db& process) {
    for (int i = 0; i < 50; ++i) done_count += process.write_and_wait(increase).ok() ? 1 : 0;
  };
  {
    const std::jthread thread([&] { work(**other); });
    work(*db);
  }
  EXPECT_EQ(number("SELECT n FROM item WHERE id = 1"), done_count);
  EXPECT_EQ(done_count, 100);
}

}  // namespace
}  // namespace matsuri::sql
