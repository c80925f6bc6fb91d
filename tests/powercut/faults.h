// Bugs that we plant, so that the checker is seen to find them: at the seam to the disk, and around
// the view. None of them can be reached from the product.
#pragma once

#include <memory>
#include <string>

#include "io/file.h"
#include "stream/view.h"

namespace matsuri::powercut {

struct Plants {
  bool no_journal_sync = false;   // fdatasync of the journal does nothing
  bool no_sqlite_sync = false;    // fdatasync of the databases does nothing
  bool no_folder_sync = false;    // names in the journal's folder are never made durable
  bool position_apart = false;    // the view's position is committed before the view's rows
  bool key_dropped = false;       // the applier sees no idempotency keys
  bool checksum_ignored = false;  // recovery takes every checksum for right
};

// `files`, with the syncs that `plants` names left out.
class ForgetfulFiles final : public io::FileSystem {
 public:
  ForgetfulFiles(io::FileSystem& files, const Plants& plants) : files_(files), plants_(plants) {}

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  Result<void> rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return files_.remove(path); }
  Result<void> make_folders(const std::string& path) override { return files_.make_folders(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return files_.list(path);
  }
  Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  Result<void> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return files_.lock(path);
  }

 private:
  io::FileSystem& files_;
  const Plants plants_;
};

// The timeline's view, with the bugs of `plants`.
class FaultyView final : public stream::View {
 public:
  FaultyView(stream::View& view, const Plants& plants) : view_(view), plants_(plants) {}

  std::string_view name() const override { return view_.name(); }
  bool wants(EventKind kind) const override { return view_.wants(kind); }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override;

 private:
  stream::View& view_;
  const Plants plants_;
};

// Makes every checksum in the segments of `folder` fit what lies there. A reader that checks them
// then is one that does not.
Result<void> forge_checksums(io::FileSystem& files, const std::string& folder);

}  // namespace matsuri::powercut
