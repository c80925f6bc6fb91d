// Reads a journal's records in order, while it is written or after its writer is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file.h"
#include "io/random.h"
#include "model/position.h"
#include "model/record.h"

namespace matsuri::journal {

// A record as it was read. `payload` lies in the reader's buffer until the next read.
struct StoredRecord {
  std::uint64_t offset = 0;
  RecordHeader header;
  Bytes payload;
};

// What one incarnation in a folder holds. After a restore a folder has the old incarnation's
// records, sealed, and the new one's.
struct Range {
  Origin origin;
  std::uint64_t first_offset = 1;  // the oldest that is still there
  std::uint64_t end_offset = 0;    // the last one (durable); first_offset - 1 while empty
  bool sealed = false;             // nothing will be appended
};

// The incarnations in a journal's folder, the oldest first. Code::not_found where no journal is.
// Reads the folder only: for the one that is written, ask Writer::durable_offset().
Result<std::vector<Range>> list_ranges(io::FileSystem& files, const std::string& folder);

// Whether all records that were ever written into the folder are still there: none were dropped by
// retention, or left out of the backup that the folder was restored from.
Result<bool> has_all_records(io::FileSystem& files, const std::string& folder);

// One reader, one thread. Never changes the folder; sees segments that are sealed or added later.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(io::FileSystem& files, const std::string& folder,
                                              const Origin& origin);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Goes to the record `offset` (the next read gives it). Code::not_found where retention has
  // dropped it.
  Result<void> seek(std::uint64_t offset);

  // Reads up to `count_max` records and about `size_max` bytes of payload, never past `end_offset`,
  // into `records` (cleared first). None means: at end_offset. Checks every CRC; Code::corrupt with
  // file and byte, when all records before the damage have been given. After an error nothing is
  // skipped: the same call may be made again.
  // REQUIRES: the records up to `end_offset` are durable.
  Result<void> read(std::uint64_t end_offset, std::size_t count_max, std::size_t size_max,
                    std::vector<StoredRecord>& records);

 private:
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// For backup: the segments (file names in `folder`) that hold anything after `applied` (positions
// of origins that are not named count as 0), with the number of durable bytes of each to copy.
struct SegmentCopy {
  std::string name;
  std::uint64_t size = 0;
};
Result<std::vector<SegmentCopy>> segments_after(io::FileSystem& files, const std::string& folder,
                                                const std::vector<Position>& applied);

// For restore: seals every incarnation in a copied folder at its last whole batch, and begins a new
// one, so that positions made after the copy elsewhere are never taken for this folder's.
// Code::corrupt as Writer::open().
Result<Origin> begin_incarnation(io::FileSystem& files, const std::string& folder,
                                 io::Random& random);

}  // namespace matsuri::journal
