// A MariaDB server of our own for tests: one a process, started when first asked for, on a socket
// in a folder of its own, gone with the process.
#pragma once

#include <sys/types.h>

#include <string>

#include "sql/db.h"

namespace matsuri::sql {

// One thread at a time.
class MariadbServer {
 public:
  // The server of this process, running; nullptr where mariadbd is not installed. Aborts the test
  // program where it is installed and does not start: that is no reason to skip.
  static MariadbServer* get();

  MariadbServer(const MariadbServer&) = delete;
  MariadbServer& operator=(const MariadbServer&) = delete;

  // Options for a database in a schema that no other test has.
  DbOptions fresh_database(const std::string& name);

  // Stops cleanly, dies at once, comes back: with the same data.
  void stop();
  void kill();
  void start();
  bool is_running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  const std::string& socket() const { return socket_; }

 private:
  MariadbServer();
  ~MariadbServer();
  void wait_until_ready() const;
  void end(int signal);

  std::string folder_;
  std::string socket_;
  pid_t pid_ = 0;
};

}  // namespace matsuri::sql
