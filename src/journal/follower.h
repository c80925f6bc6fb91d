// Looks again and again how far a journal goes that another process writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "journal/reader.h"

namespace matsuri::journal {

// One thread at a time. Never changes the folder.
class Follower {
 public:
  Follower(io::FileSystem& files, std::string folder);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // The incarnations in the folder, as list_ranges() gives them, with what is durable: records
  // that the writer has written and not synced yet are synced here before they count. So whoever
  // keeps a place among them keeps one that no power cut gives to another record. Reads only what
  // is new since the last look, as long as nothing looks wrong. Codes as list_ranges().
  Result<std::vector<Range>> look();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::journal
