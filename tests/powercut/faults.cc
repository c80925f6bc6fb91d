#include "faults.h"

#include <cstring>
#include <vector>

#include "journal/format.h"

namespace matsuri::powercut {
namespace {

class ForgetfulFile final : public io::File {
 public:
  explicit ForgetfulFile(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    return file_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
    return file_->write_at(offset, bytes);
  }
  Result<void> sync_data() override { return {}; }
  Result<std::uint64_t> size() override { return file_->size(); }
  Result<void> allocate(std::uint64_t size) override { return file_->allocate(size); }
  Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }

 private:
  std::unique_ptr<io::File> file_;
};

// Forges the batches of one segment, given whole.
void forge_segment(MutableBytes segment) {
  const auto header = journal::decode_segment_header(segment.first(journal::segment_header_size));
  if (!header.ok()) return;
  const std::uint32_t salt = header->salt;
  std::size_t at = journal::segment_header_size;
  while (at + sizeof(journal::BatchHeader) <= segment.size()) {
    journal::BatchHeader batch;
    std::memcpy(&batch, segment.data() + at, sizeof batch);
    const std::size_t size = sizeof batch + batch.body_size;
    if (!journal::is_plausible(batch) || at + size > segment.size()) return;
    for (std::size_t inside = at + sizeof batch;
         inside + sizeof(journal::StoredHeader) <= at + size;) {
      journal::StoredHeader record;
      std::memcpy(&record, segment.data() + inside, sizeof record);
      const std::size_t stride = journal::record_stride(record.length);
      if (inside + stride > at + size) break;
      const Bytes payload = segment.subspan(inside + sizeof record, record.length);
      record.checksum = journal::record_checksum(record, payload, salt);
      std::memcpy(segment.data() + inside, &record, sizeof record);
      inside += stride;
    }
    batch.checksum = journal::batch_checksum(segment.subspan(at, size), salt);
    std::memcpy(segment.data() + at, &batch, sizeof batch);
    at += size;
  }
}

}  // namespace

Result<std::unique_ptr<io::File>> ForgetfulFiles::open(const std::string& path, io::OpenMode mode) {
  TRY_ASSIGN(std::unique_ptr<io::File> file, files_.open(path, mode));
  if (!plants_.no_journal_sync) return file;
  return std::unique_ptr<io::File>(std::make_unique<ForgetfulFile>(std::move(file)));
}

Result<void> ForgetfulFiles::sync_folder(const std::string& path) {
  if (plants_.no_folder_sync) return {};
  return files_.sync_folder(path);
}

Result<void> FaultyView::apply(sql::Connection& connection, std::span<const stream::Record> records,
                               stream::BatchResult& result) {
  if (plants_.position_apart) {
    TRY(connection.execute("COMMIT"));
    TRY(connection.execute("BEGIN IMMEDIATE"));
  }
  if (!plants_.key_dropped) return view_.apply(connection, records, result);
  std::vector<stream::Record> keyless(records.begin(), records.end());
  for (stream::Record& record : keyless) record.header.key = {};
  return view_.apply(connection, keyless, result);
}

Result<void> forge_checksums(io::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const bool exists, files.exists(folder));
  if (!exists) return {};
  TRY_ASSIGN(const std::vector<std::string> names, files.list(folder));
  for (const std::string& name : names) {
    if (!journal::parse_segment_name(name)) continue;
    TRY_ASSIGN(const auto file, files.open(folder + "/" + name, io::OpenMode::read_write));
    TRY_ASSIGN(const std::uint64_t size, file->size());
    std::vector<std::byte> segment(size);
    TRY_ASSIGN(const std::size_t got, file->read_at(0, segment));
    if (got < size || size < journal::segment_header_size) continue;
    forge_segment(segment);
    TRY(file->write_at(0, segment));
  }
  return {};
}

}  // namespace matsuri::powercut
