// What answers viewers in bench checkin: the closure as it is served, and what it is compared with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bench/checkin_viewers.h"
#include "bench/program.h"
#include "bench/scratch.h"
#include "bench/servers.h"
#include "sql/db.h"

namespace matsuri::bench {

// Attempts that somebody has kept.
struct Kept {
  std::size_t count = 0;
  std::size_t ok_count = 0;
  std::size_t ticket_count = 0;  // different ones

  bool operator==(const Kept&) const = default;
};
// Reads a whole journal; the records of an inbox.
Kept kept_in_journal(const std::string& folder);
Kept kept_in_inbox(const std::string& path);

// `show.checkin`, put together of closure.o and the viewers' film as a broadcaster does.
void link_closure(const Viewers& viewers, const std::string& folder);

// `show.checkin serve` with one thread, on the core that serves.
class Resident {
 public:
  // Its programme has begun when the viewers' has, or begins at another time.
  explicit Resident(const Viewers& viewers, std::optional<std::int64_t> start_unix_ms = {});

  std::uint16_t port() const { return port_; }
  double cpu() const { return cpu_seconds_of(program_->pid()); }
  // Ends it, and reads what it has kept.
  Kept stop();

 private:
  const Folder folder_;
  std::unique_ptr<Program> program_;
  std::uint16_t port_ = 0;
};

// A server of this program's own, in a process on the core that serves.
class Forked {
 public:
  // `run` calls its argument with the port, and stays.
  explicit Forked(const std::function<void(const std::function<void(std::uint16_t)>&)>& run);
  std::uint16_t port() const { return port_; }

 private:
  std::unique_ptr<Child> child_;
  std::uint16_t port_ = 0;
};

// Answers {"ok":true} to the same requests with one thread and looks at none: to whoever wants a
// ticket at once, to others when a record of an attempt's size is durable in its journal.
class NullServer {
 public:
  NullServer();

  std::uint16_t port() const { return forked_->port(); }
  // Ends it; gives how many records it has kept.
  std::size_t stop();

 private:
  const Folder folder_;
  std::unique_ptr<Forked> forked_;
};

// Judges as the closure does, and writes each attempt into MariaDB before it answers: one INSERT,
// which is one transaction, on a connection for each of its threads, which waits.
class SyncServer {
 public:
  static constexpr std::size_t thread_count = 32;

  SyncServer(const Viewers& viewers, const sql::DbOptions& database);

  std::uint16_t port() const { return forked_->port(); }
  // Ends it, and reads what the table has.
  Kept stop();

 private:
  const sql::DbOptions database_;
  std::unique_ptr<Forked> forked_;
};

// The real one, with nothing but the closure behind it, on the core that serves.
class Apache {
 public:
  enum class How : std::uint8_t { cgi, cgid };  // prefork and mod_cgi, threads and mod_cgid

  Apache(const Viewers& viewers, How how);

  std::uint16_t port() const { return port_; }
  Kept stop();

 private:
  std::string configuration(const Viewers& viewers, How how) const;

  const Folder folder_;
  const std::uint16_t port_;
  std::unique_ptr<Child> child_;
};

}  // namespace matsuri::bench
