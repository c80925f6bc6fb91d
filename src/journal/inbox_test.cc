// The bytes of an inbox record, by hand, and what is no record; and that many processes' appends
// stay whole.
#include "journal/inbox.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/crc32c.h"

namespace matsuri::journal {
namespace {

// The example of docs/formats/inbox.md.
std::string example() {
  RecordHeader header{.id = 99,  // counts for nothing
                      .unix_ms = 1'700'000'000'123,
                      .account = AccountId{42},
                      .fingerprint = 0x0102030405060708,
                      .kind = EventKind::checkin_attempted};
  for (std::size_t i = 0; i < header.key.bytes.size(); ++i)
    header.key.bytes[i] = static_cast<std::byte>(0xa0 + i);
  return encode_inbox_record(header, as_bytes("hi!"), 0x1122334455667788);
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "matsuri-inbox-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string at(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Inbox, WritesTheDocumentedBytes) {
  EXPECT_EQ(to_hex(as_bytes(example())),
            "4d494231030000001d8fe85007000000"
            "7b68e5cf8b0100002a00000000000000"
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
            "08070605040302018877665544332211"
            "686921");
  const std::string bytes = example();
  EXPECT_EQ(load<std::uint32_t>(as_bytes(bytes), 8),
            crc32c(as_bytes(bytes.substr(0, 8) + bytes.substr(12))));
}

TEST(Inbox, ReadsBackWhatItWrote) {
  const std::string bytes = example() + "rest";
  const auto record = inbox_record_at(as_bytes(bytes));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->size, bytes.size() - 4);
  EXPECT_EQ(as_text(record->payload), "hi!");
  EXPECT_EQ(record->header.id, 0U);
  EXPECT_EQ(record->header.unix_ms, 1'700'000'000'123);
  EXPECT_EQ(record->header.account, AccountId{42});
  EXPECT_EQ(record->header.fingerprint, 0x0102030405060708U);
  EXPECT_EQ(record->header.kind, EventKind::checkin_attempted);
  EXPECT_EQ(record->header.key.bytes[15], std::byte{0xaf});
  EXPECT_EQ(to_hex(record->as_first), "8877665544332211" + to_hex(as_bytes(bytes.substr(8, 4))) +
                                          to_hex(as_bytes(bytes.substr(16, 4))));
}

// Goal: nothing but a whole record is one. Method: every cut, and every flipped bit.
TEST(Inbox, TakesNoCutAndNoDamagedRecord) {
  const std::string bytes = example();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(inbox_record_at(as_bytes(bytes.substr(0, size)))) << size;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = bytes;
      other[at] = static_cast<char>(other[at] ^ (1 << bit));
      EXPECT_FALSE(inbox_record_at(as_bytes(other))) << at << '.' << bit;
    }
}

TEST(Inbox, TakesPayloadsUpToTheLimit) {
  const std::string payload(inbox_payload_size_max, 'x');
  std::string bytes = encode_inbox_record({}, as_bytes(payload), 1);
  EXPECT_EQ(bytes.size(), inbox_record_size_max);
  EXPECT_TRUE(inbox_record_at(as_bytes(bytes)));
  // One more, with a checksum that is right.
  bytes += 'x';
  store(std::as_writable_bytes(std::span(bytes)), 4,
        static_cast<std::uint32_t>(inbox_payload_size_max + 1));
  store(std::as_writable_bytes(std::span(bytes)), 8,
        crc32c(as_bytes(bytes).subspan(12), crc32c(as_bytes(bytes).first(8))));
  EXPECT_FALSE(inbox_record_at(as_bytes(bytes)));
}

// Goal: appends of many processes stand whole, one behind the other. Method: eight processes write
// 200 records each, of all lengths; all of them are found without a gap.
TEST(Inbox, KeepsAppendsOfManyProcessesWhole) {
  const TemporaryFolder folder;
  constexpr int process_count = 8, record_count = 200;
  for (int process = 0; process < process_count; ++process) {
    if (fork() != 0) continue;
    InboxWriter writer(folder.at("a.inbox"));
    for (int i = 0; i < record_count; ++i) {
      const std::string payload(static_cast<std::size_t>(i * 67 % 9'000), 'p');
      const RecordHeader header{.account = AccountId{static_cast<std::uint64_t>(process) << 32 |
                                                     static_cast<std::uint64_t>(i)}};
      if (!writer.append(header, as_bytes(payload)).ok()) _exit(1);
    }
    _exit(0);
  }
  for (int process = 0; process < process_count; ++process) {
    int status = 0;
    ASSERT_GT(wait(&status), 0);
    ASSERT_EQ(status, 0);
  }
  const std::string bytes = content_of(folder.at("a.inbox"));
  std::set<std::uint64_t> accounts;
  for (Bytes rest = as_bytes(bytes); !rest.empty();) {
    const auto record = inbox_record_at(rest);
    ASSERT_TRUE(record) << "at " << bytes.size() - rest.size();
    accounts.insert(record->header.account.value);
    rest = rest.subspan(record->size);
  }
  EXPECT_EQ(accounts.size(), static_cast<std::size_t>(process_count * record_count));
}

TEST(Inbox, SaysWhatKeepsItFromWriting) {
  const TemporaryFolder folder;
  EXPECT_EQ(InboxWriter(folder.at("none/a.inbox")).append({}, as_bytes("x")).error().code(),
            Code::not_found);
  // A device that is always full.
  EXPECT_EQ(InboxWriter("/dev/full").append({}, as_bytes("x")).error().code(), Code::busy);
}

}  // namespace
}  // namespace matsuri::journal
