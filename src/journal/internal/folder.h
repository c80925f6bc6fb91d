// A journal's folder: which files are in it, how a segment comes into being, and how the folder is
// made right again after a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/random.h"
#include "journal/format.h"

namespace matsuri::journal::internal {

std::string path_in(const std::string& folder, std::string_view name);

// Code::not_found where the folder or the file is missing, Code::corrupt where it is damaged.
Result<JournalFile> load_journal_file(io::FileSystem& files, const std::string& folder);
Result<void> save_journal_file(io::FileSystem& files, const std::string& folder,
                               const JournalFile& journal);

// The segments in the folder, those of one incarnation together and in order.
Result<std::vector<SegmentName>> list_segments(io::FileSystem& files, const std::string& folder);
std::vector<SegmentName> segments_of(const std::vector<SegmentName>& segments,
                                     std::uint64_t incarnation);

// Makes the file next.tmp with `segment_size` zeros that are durable, instead of an older one.
// Code::exhausted where the disk is full: then nothing is left behind.
Result<std::unique_ptr<io::File>> make_spare(io::FileSystem& files, const std::string& folder,
                                             std::uint64_t segment_size);

// Turns next.tmp, open as `file`, into the segment of this header. When it returns, header and name
// are durable: so a segment with a name always has a good header.
Result<void> begin_segment(io::FileSystem& files, const std::string& folder, io::File& file,
                           const SegmentHeader& header);

// A journal that is ready to be written.
struct OpenFolder {
  JournalFile journal;
  SegmentHeader segment{};         // the one that is written
  std::unique_ptr<io::File> file;  // its file
  std::uint64_t file_size = 0;
  std::uint64_t write_at = 0;  // where the next batch goes
  std::uint64_t next_offset = 1;
};

struct OpenFolderOptions {
  Region region{};
  Node node{};
  std::uint64_t segment_size = 0;  // of segments that are made
  std::int64_t unix_ms = 0;
};

// Makes a journal where none is; else recovers the newest segment: cuts a torn tail off, and makes
// durable what is kept (after kill -9 it may lie in the page cache only). Sealed segments are not
// read: whoever reads them checks them. Codes as Writer::open(). REQUIRES: the folder's lock is
// held.
Result<OpenFolder> open_folder(io::FileSystem& files, const std::string& folder,
                               const OpenFolderOptions& options, io::Random& random);

// Makes the first segment of a new incarnation and returns its number. The folder means it only
// when JOURNAL names it.
Result<std::uint64_t> make_incarnation(io::FileSystem& files, const std::string& folder,
                                       const OpenFolderOptions& options, const JournalFile& journal,
                                       io::Random& random);

}  // namespace matsuri::journal::internal
