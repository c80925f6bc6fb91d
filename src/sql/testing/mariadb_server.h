// MariaDB servers of our own for tests: started when first asked for, on a socket in a folder of
// their own, gone with the process. One stands alone; two more are a primary and its replica.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sql/db.h"

namespace matsuri::sql {

struct MariadbPair;

// One thread at a time.
class MariadbServer {
 public:
  // The server of this process, running; nullptr where mariadbd is not installed. Aborts the test
  // program where it is installed and does not start: that is no reason to skip.
  static MariadbServer* get();
  // Another two, running: what the primary commits comes to the replica, which is read-only.
  static MariadbPair* pair();

  MariadbServer(const MariadbServer&) = delete;
  MariadbServer& operator=(const MariadbServer&) = delete;

  // Options for a database in a schema that no other test has.
  DbOptions fresh_database(const std::string& name);

  // The same database on this server: of a primary's, on its replica.
  DbOptions same_database(DbOptions options) const;

  // Stops cleanly, dies at once, comes back: with the same data.
  void stop();
  void kill();
  void start();
  // Stands still, with all its connections open, and goes on.
  void freeze() const;
  void thaw() const;
  bool is_running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  const std::string& socket() const { return socket_; }

  // Runs statements as root, and gives what they say, a line each. Aborts where they fail.
  std::string run(const std::string& statements) const;

 private:
  explicit MariadbServer(std::vector<std::string> more_words);
  ~MariadbServer();
  void wait_until_ready() const;
  void end(int signal);

  const std::vector<std::string> more_words_;
  std::string folder_;
  std::string socket_;
  pid_t pid_ = 0;
};

struct MariadbPair {
  MariadbServer& primary;
  MariadbServer& replica;

  // The replica still hears of commits, but changes nothing any more; and, however it was stopped,
  // changes all that it heard.
  void stop_applying() const;
  void go_on_applying() const;
  // Waits until the replica has all that the primary has committed by now.
  void catch_up() const;
};

}  // namespace matsuri::sql
