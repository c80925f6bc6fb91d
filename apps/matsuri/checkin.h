// What a node reads of closures: the journals that they write themselves.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "journal/inbox.h"
#include "sql/db.h"
#include "stream/stream.h"

namespace matsuri {

// The journals in these folders: each folder itself, and those in it. One that is not there has
// none yet.
std::vector<std::string> checkin_journal_folders(io::FileSystem& files,
                                                 const std::vector<std::string>& folders);

// Up to where an inbox is in the journal, as check-in's database has it.
Result<std::uint64_t> place_of_inbox(sql::Db& checkin, const journal::InboxFileId& file);

// Closures come and go: looks once a second for journals that are new, and has the stream follow
// them. Owns one thread.
class JournalFollower {
 public:
  // `find` gives the journals that are there.
  JournalFollower(stream::Stream& stream, std::function<std::vector<std::string>()> find);
  ~JournalFollower();
  JournalFollower(const JournalFollower&) = delete;
  JournalFollower& operator=(const JournalFollower&) = delete;

 private:
  void loop();

  stream::Stream& stream_;
  const std::function<std::vector<std::string>()> find_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri
