// File systems that pass everything on but for one planted bug, the same that a missing line in the
// journal would be: a test that stays green with it proves nothing.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "io/file.h"
#include "journal/format.h"

namespace matsuri::journal::testing {

// Passes everything on.
class PassingFile : public io::File {
 public:
  explicit PassingFile(std::unique_ptr<io::File> inner) : inner_(std::move(inner)) {}
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    return inner_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
    return inner_->write_at(offset, bytes);
  }
  Result<void> sync_data() override { return inner_->sync_data(); }
  Result<std::uint64_t> size() override { return inner_->size(); }
  Result<void> allocate(std::uint64_t size) override { return inner_->allocate(size); }
  Result<void> truncate(std::uint64_t size) override { return inner_->truncate(size); }

 protected:
  io::File& inner() { return *inner_; }

 private:
  std::unique_ptr<io::File> inner_;
};

// Passes everything on; `inner` outlives it.
class PassingFiles : public io::FileSystem {
 public:
  explicit PassingFiles(io::FileSystem& inner) : inner_(inner) {}
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    return inner_.open(path, mode);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return inner_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return inner_.remove(path); }
  Result<void> make_folders(const std::string& path) override { return inner_.make_folders(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return inner_.list(path);
  }
  Result<bool> exists(const std::string& path) override { return inner_.exists(path); }
  Result<void> sync_folder(const std::string& path) override { return inner_.sync_folder(path); }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return inner_.lock(path);
  }

 protected:
  io::FileSystem& inner() { return inner_; }

 private:
  io::FileSystem& inner_;
};

// Planted bug: no fdatasync of batches. Headers, JOURNAL and ids are synced as they should be.
class NoSyncFiles final : public PassingFiles {
 public:
  using PassingFiles::PassingFiles;
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    TRY_ASSIGN(auto file, inner().open(path, mode));
    return std::make_unique<NoSyncFile>(std::move(file));
  }

 private:
  class NoSyncFile final : public PassingFile {
   public:
    using PassingFile::PassingFile;
    Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
      wrote_batch_ = offset >= segment_header_size;
      return inner().write_at(offset, bytes);
    }
    Result<void> sync_data() override {
      return wrote_batch_ ? Result<void>() : inner().sync_data();
    }

   private:
    bool wrote_batch_ = false;
  };
};

// Planted bug: the folder is not synced when the next segment begins.
class NoRollSyncFiles final : public PassingFiles {
 public:
  using PassingFiles::PassingFiles;
  Result<void> rename(const std::string& from, const std::string& to) override {
    const auto name = parse_segment_name(to.substr(to.find_last_of('/') + 1));
    rolled_ = name && name->first_offset != 1;
    return inner().rename(from, to);
  }
  Result<void> sync_folder(const std::string& path) override {
    return std::exchange(rolled_, false) ? Result<void>() : inner().sync_folder(path);
  }

 private:
  bool rolled_ = false;
};

// Puts the right checksums into all that has the form of a batch, from a segment's header on.
inline void mend_checksums(MutableBytes segment) {
  SegmentHeader segment_header;
  if (segment.size() < segment_header_size) return;
  std::memcpy(&segment_header, segment.data(), sizeof segment_header);
  const std::uint32_t salt = segment_header.salt;
  for (std::size_t at = segment_header_size; at + sizeof(BatchHeader) <= segment.size();) {
    BatchHeader header;
    std::memcpy(&header, segment.data() + at, sizeof header);
    const std::size_t size = sizeof header + header.body_size;
    if (!is_plausible(header) || size > segment.size() - at) return;
    for (std::size_t in = at + sizeof header; in + sizeof(StoredHeader) <= at + size;) {
      StoredHeader record;
      std::memcpy(&record, segment.data() + in, sizeof record);
      if (record_stride(record.length) > at + size - in) break;
      const Bytes payload = Bytes(segment).subspan(in + sizeof record, record.length);
      store(segment, in + offsetof(StoredHeader, checksum), record_checksum(record, payload, salt));
      in += record_stride(record.length);
    }
    store(segment, at, batch_checksum(Bytes(segment).subspan(at, size), salt));
    at += size;
  }
}

// Planted bug: the checksums of batches and records are not checked. Whoever reads gets bytes of
// which they are right, which comes to the same.
class NoCrcFiles final : public PassingFiles {
 public:
  using PassingFiles::PassingFiles;
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    TRY_ASSIGN(auto file, inner().open(path, mode));
    if (!path.ends_with(".seg")) return file;
    return std::make_unique<NoCrcFile>(std::move(file));
  }

 private:
  class NoCrcFile final : public PassingFile {
   public:
    using PassingFile::PassingFile;
    Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
      TRY_ASSIGN(const std::uint64_t size, inner().size());
      std::vector<std::byte> all(static_cast<std::size_t>(size));
      TRY_ASSIGN(const std::size_t got, inner().read_at(0, all));
      mend_checksums(MutableBytes(all).first(got));
      if (offset >= got || buffer.empty()) return std::size_t{0};
      const std::size_t part = std::min<std::size_t>(buffer.size(), got - offset);
      std::memcpy(buffer.data(), all.data() + offset, part);
      return part;
    }
  };
};

}  // namespace matsuri::journal::testing
