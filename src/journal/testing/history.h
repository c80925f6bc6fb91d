// What a test asked a journal to keep, what it was answered, and whether a folder keeps that
// promise. One checker for crash tests, planted bugs and damage, so that each proves the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "io/file.h"
#include "journal/reader.h"
#include "model/position.h"
#include "model/record.h"

namespace matsuri::journal::testing {

// A header in which every field depends on the id, so that no field can be lost unseen.
inline RecordHeader header_of(std::uint64_t id) {
  RecordHeader header;
  header.id = id;
  header.unix_ms = static_cast<std::int64_t>(id % 1'000'003) + 1'700'000'000'000;
  header.account = AccountId{id * 7 + 1};
  for (std::size_t i = 0; i < header.key.bytes.size(); ++i)
    header.key.bytes[i] = static_cast<std::byte>(id * 31 + i);
  header.fingerprint = ~id;
  header.kind = EventKind::publish_post;
  return header;
}

inline std::string payload_of(std::uint64_t id, std::size_t size) {
  std::string payload(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    payload[i] = static_cast<char>((id * 2'654'435'761U + i * 40'503U) >> 8);
  return payload;
}

inline bool is_same(const RecordHeader& a, const RecordHeader& b) {
  return a.id == b.id && a.unix_ms == b.unix_ms && a.account == b.account && a.key == b.key &&
         a.fingerprint == b.fingerprint && a.kind == b.kind;
}

// A record that was read, with a payload of its own.
struct Kept {
  std::uint64_t offset = 0;
  RecordHeader header;
  std::string payload;
};

// All records of the origin from `first_offset` to `end_offset`.
inline Result<std::vector<Kept>> read_all(io::FileSystem& files, const std::string& folder,
                                          const Origin& origin, std::uint64_t first_offset,
                                          std::uint64_t end_offset) {
  std::vector<Kept> all;
  TRY_ASSIGN(const auto reader, Reader::open(files, folder, origin));
  TRY(reader->seek(first_offset));
  for (std::vector<StoredRecord> records;;) {
    TRY(reader->read(end_offset, 100, 1 << 16, records));
    if (records.empty()) return all;
    for (const StoredRecord& record : records)
      all.push_back({.offset = record.offset,
                     .header = record.header,
                     .payload = std::string(as_text(record.payload))});
  }
}

// Thread-safe. Ids are unique.
class History {
 public:
  // Somebody will ask the journal to keep this. Call it first.
  void ask(std::uint64_t id, std::string payload) {
    const std::scoped_lock lock(mutex_);
    asked_[id] = {.payload = std::move(payload), .position = {}};
  }
  // The journal promised to keep it, there.
  void answer(std::uint64_t id, const Position& position) {
    const std::scoped_lock lock(mutex_);
    asked_.at(id).position = position;
  }
  // Retention may have dropped the records of the origin up to that one.
  void may_drop(const Position& position) {
    const std::scoped_lock lock(mutex_);
    std::uint64_t& dropped = dropped_[position.origin];
    dropped = std::max(dropped, position.offset);
  }
  std::size_t answered_count() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        asked_.begin(), asked_.end(), [](const auto& a) { return a.second.position.offset != 0; }));
  }

  // Reads the whole folder, and says what is wrong with it: every answered record must be there
  // once, where it was promised, and every record that is there must be what somebody asked for.
  // What was seen counts as answered from then on: somebody may have acted on it.
  std::vector<std::string> check(io::FileSystem& files, const std::string& folder) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> wrong;
    std::map<std::uint64_t, Position> seen;
    const auto ranges = list_ranges(files, folder);
    if (!ranges.ok()) return {"the folder can't be read: " + ranges.error().to_string()};
    std::map<Origin, std::uint64_t> first_offsets;
    for (const Range& range : *ranges) {
      first_offsets[range.origin] = range.first_offset;
      if (range.end_offset < range.first_offset) continue;
      const auto kept = read_all(files, folder, range.origin, range.first_offset, range.end_offset);
      if (!kept.ok()) {
        wrong.push_back("records can't be read: " + kept.error().to_string());
        continue;
      }
      if (kept->size() != range.end_offset - range.first_offset + 1)
        wrong.push_back("the number of records is wrong");
      for (const Kept& one : *kept) see({range.origin, one.offset}, one, seen, wrong);
    }
    for (auto& [id, asked] : asked_) {
      const auto found = seen.find(id);
      if (found != seen.end()) {
        if (asked.position.offset != 0 && asked.position != found->second)
          wrong.push_back("record " + std::to_string(id) + " moved");
        asked.position = found->second;
      } else if (asked.position.offset > dropped_[asked.position.origin]) {
        wrong.push_back("record " + std::to_string(id) + " at " + asked.position.to_string() +
                        " was answered, and is lost");
      }
    }
    return wrong;
  }

 private:
  struct Asked {
    std::string payload;
    Position position;  // offset 0: not answered
  };

  void see(const Position& position, const Kept& one, std::map<std::uint64_t, Position>& seen,
           std::vector<std::string>& wrong) const {
    const std::string what = "record " + std::to_string(one.header.id);
    const auto asked = asked_.find(one.header.id);
    if (asked == asked_.end())
      wrong.push_back(what + " was asked by nobody");
    else if (one.payload != asked->second.payload || !is_same(one.header, header_of(one.header.id)))
      wrong.push_back(what + " has other bytes");
    if (!seen.emplace(one.header.id, position).second) wrong.push_back(what + " is there twice");
  }

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Asked> asked_;  // by id
  std::map<Origin, std::uint64_t> dropped_;
};

}  // namespace matsuri::journal::testing
