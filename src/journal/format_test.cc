// The bytes, field by field, against numbers written by hand: a test that used the same structs
// could not see a field that moves.
#include "journal/format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "base/crc32c.h"
#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

template <class T>
T at(std::string_view bytes, std::size_t offset) {
  return load<T>(as_bytes(bytes), offset);
}

SegmentHeader sample_header() {
  SegmentHeader header{};
  header.incarnation = 0x89abcdef01234567;
  header.first_offset = 42;
  header.segment_size = 64 << 20;
  header.created_ms = 1'700'000'000'123;
  header.salt = 0xdeadbeef;
  header.region = 3;
  header.node = 200;
  return header;
}

TEST(FormatTest, WritesASegmentHeaderAsDocumented) {
  const std::string block = encode_segment_header(sample_header());
  ASSERT_EQ(block.size(), 4096U);
  EXPECT_EQ(block.substr(0, 8), "MTSRJSEG");
  EXPECT_EQ(at<std::uint32_t>(block, 8), crc32c(as_bytes(block).subspan(12)));
  EXPECT_EQ(at<std::uint32_t>(block, 12), 1U);
  EXPECT_EQ(at<std::uint64_t>(block, 16), 0x89abcdef01234567U);
  EXPECT_EQ(at<std::uint64_t>(block, 24), 42U);
  EXPECT_EQ(at<std::uint64_t>(block, 32), 64U << 20);
  EXPECT_EQ(at<std::int64_t>(block, 40), 1'700'000'000'123);
  EXPECT_EQ(at<std::uint32_t>(block, 48), 0xdeadbeefU);
  EXPECT_EQ(at<std::uint8_t>(block, 52), 3U);
  EXPECT_EQ(at<std::uint8_t>(block, 53), 200U);
  EXPECT_EQ(block.find_first_not_of('\0', 54), std::string::npos);
  const auto back = decode_segment_header(as_bytes(block));
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_EQ(encode_segment_header(*back), block);
}

// Puts the right checksum over a changed header, or JOURNAL: for what else is wrong with it.
std::string rechecked(std::string bytes) {
  store(std::as_writable_bytes(std::span(bytes)), 8, crc32c(as_bytes(bytes).subspan(12)));
  return bytes;
}

template <class T>
std::string with(std::string bytes, std::size_t offset, T value) {
  store(std::as_writable_bytes(std::span(bytes)), offset, value);
  return rechecked(std::move(bytes));
}

TEST(FormatTest, RefusesEverySegmentHeaderThatItDoesNotWrite) {
  const std::string good = encode_segment_header(sample_header());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    EXPECT_EQ(decode_segment_header(as_bytes(bad)).error().code(), Code::corrupt) << at;
    // With a checksum that fits, what is reserved must still be zero.
    if (at >= 54) {
      EXPECT_EQ(decode_segment_header(as_bytes(rechecked(bad))).error().code(), Code::corrupt);
    }
  }
  EXPECT_EQ(decode_segment_header(as_bytes(good).first(4095)).error().code(), Code::corrupt);
  EXPECT_EQ(decode_segment_header(as_bytes(with(good, 16, std::uint64_t{0}))).error().code(),
            Code::corrupt);
  EXPECT_EQ(decode_segment_header(as_bytes(with(good, 24, std::uint64_t{0}))).error().code(),
            Code::corrupt);
  EXPECT_EQ(decode_segment_header(as_bytes(with(good, 12, std::uint32_t{2}))).error().code(),
            Code::invalid)
      << "of a newer program, not damaged";
}

TEST(FormatTest, WritesAJournalFileAsDocumented) {
  const JournalFile journal{.region = Region{1},
                            .node = Node{2},
                            .incarnation = 0x1111111111111111,
                            .sealed = {{.incarnation = 0x2222222222222222, .end_offset = 7},
                                       {.incarnation = 0x3333333333333333, .end_offset = 0}}};
  const std::string bytes = encode_journal_file(journal);
  ASSERT_EQ(bytes.size(), 32U + 2 * 16);
  EXPECT_EQ(bytes.substr(0, 8), "MTSRJRNL");
  EXPECT_EQ(at<std::uint32_t>(bytes, 8), crc32c(as_bytes(bytes).subspan(12)));
  EXPECT_EQ(at<std::uint32_t>(bytes, 12), 1U);
  EXPECT_EQ(at<std::uint8_t>(bytes, 16), 1U);
  EXPECT_EQ(at<std::uint8_t>(bytes, 17), 2U);
  EXPECT_EQ(at<std::uint16_t>(bytes, 18), 0U);
  EXPECT_EQ(at<std::uint32_t>(bytes, 20), 2U);
  EXPECT_EQ(at<std::uint64_t>(bytes, 24), 0x1111111111111111U);
  EXPECT_EQ(at<std::uint64_t>(bytes, 32), 0x2222222222222222U);
  EXPECT_EQ(at<std::uint64_t>(bytes, 40), 7U);
  EXPECT_EQ(at<std::uint64_t>(bytes, 48), 0x3333333333333333U);
  EXPECT_EQ(at<std::uint64_t>(bytes, 56), 0U);
  EXPECT_EQ(decode_journal_file(as_bytes(bytes)).value(), journal);

  const auto code_of = [](std::string_view bad) {
    return decode_journal_file(as_bytes(bad)).error().code();
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 32);
    EXPECT_EQ(code_of(bad), Code::corrupt) << i;
    EXPECT_EQ(code_of(bytes.substr(0, i)), Code::corrupt) << i;
  }
  EXPECT_EQ(code_of(with(bytes, 18, std::uint16_t{1})), Code::corrupt);
  EXPECT_EQ(code_of(with(bytes, 20, std::uint32_t{1})), Code::corrupt);
  EXPECT_EQ(code_of(with(bytes, 20, ~std::uint32_t{0})), Code::corrupt);
  EXPECT_EQ(code_of(with(bytes, 24, std::uint64_t{0})), Code::corrupt);
  EXPECT_EQ(code_of(with(bytes, 12, std::uint32_t{2})), Code::invalid);
}

TEST(FormatTest, WritesARecordAsDocumented) {
  const std::string payload = "seven b";
  const RecordHeader header = header_of(0x0102030405060708);
  const StoredHeader stored = store_header(header, as_bytes(payload), 99);
  const std::string bytes(reinterpret_cast<const char*>(&stored), sizeof stored);
  ASSERT_EQ(bytes.size(), 64U);
  EXPECT_EQ(at<std::uint32_t>(bytes, 0), 7U);
  EXPECT_EQ(at<std::uint32_t>(bytes, 4),
            crc32c(as_bytes(payload),
                   crc32c(as_bytes(bytes).subspan(8), crc32c(as_bytes(bytes).first(4), 99))));
  EXPECT_EQ(at<std::uint64_t>(bytes, 8), header.id);
  EXPECT_EQ(at<std::int64_t>(bytes, 16), header.unix_ms);
  EXPECT_EQ(at<std::uint64_t>(bytes, 24), header.account.value);
  EXPECT_EQ(std::memcmp(bytes.data() + 32, header.key.bytes.data(), 16), 0);
  EXPECT_EQ(at<std::uint64_t>(bytes, 48), header.fingerprint);
  EXPECT_EQ(at<std::uint16_t>(bytes, 56), static_cast<std::uint16_t>(EventKind::publish_post));
  EXPECT_EQ(bytes.find_first_not_of('\0', 58), std::string::npos);
  EXPECT_TRUE(is_same(load_header(stored), header));
  EXPECT_EQ(record_stride(0), 64U);
  EXPECT_EQ(record_stride(1), 72U);
  EXPECT_EQ(record_stride(7), 72U);
  EXPECT_EQ(record_stride(8), 72U);
}

TEST(FormatTest, FindsNoRecordInDamagedBytes) {
  const std::string payload = "seven b";
  const StoredHeader stored = store_header(header_of(5), as_bytes(payload), 99);
  std::string body(reinterpret_cast<const char*>(&stored), sizeof stored);
  body += payload + '\0';
  const auto found = record_at(as_bytes(body), 0, 99);
  ASSERT_TRUE(found);
  EXPECT_EQ(as_text(found->payload), payload);
  EXPECT_FALSE(record_at(as_bytes(body), 0, 98)) << "another salt";
  for (std::size_t i = 0; i < body.size(); ++i) {
    std::string bad = body;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    // The padding is the batch's to check.
    EXPECT_EQ(record_at(as_bytes(bad), 0, 99).has_value(), i == body.size() - 1) << i;
    EXPECT_FALSE(record_at(as_bytes(body).first(i), 0, 99)) << i;
    EXPECT_FALSE(record_at(as_bytes(body), i + 1, 99)) << i;
  }
}

TEST(FormatTest, KnowsABatchByItsFields) {
  BatchHeader good{};
  good.body_size = 2 * 64 + 8;
  good.offset_first = 1;
  good.count = 2;
  EXPECT_TRUE(is_plausible(good));
  const auto fails = [&](auto change) {
    BatchHeader bad = good;
    change(bad);
    return !is_plausible(bad);
  };
  EXPECT_FALSE(is_plausible(BatchHeader{}));
  EXPECT_TRUE(fails([](BatchHeader& header) { header.count = 0; }));
  EXPECT_TRUE(fails([](BatchHeader& header) { header.count = 3; }));
  EXPECT_TRUE(fails([](BatchHeader& header) { header.body_size -= 16; }));
  EXPECT_TRUE(fails([](BatchHeader& header) { header.body_size += 1; }));
  EXPECT_TRUE(fails([](BatchHeader& header) { header.offset_first = 0; }));
  EXPECT_TRUE(fails([](BatchHeader& header) { header.reserved = 1; }));
}

TEST(FormatTest, NamesSegments) {
  const SegmentName name{.incarnation = 0x89abcdef01234567, .first_offset = 42};
  EXPECT_EQ(name.to_string(), "89abcdef01234567-000000000000002a.seg");
  EXPECT_EQ(parse_segment_name(name.to_string()), name);
  for (const char* other :
       {"", "JOURNAL", "next.tmp", "89abcdef01234567-000000000000002a.se",
        "89abcdef01234567-000000000000002a.seg ", "89ABCDEF01234567-000000000000002a.seg",
        "89abcdef01234567_000000000000002a.seg", "89abcdef0123456-0000000000000002a.seg",
        "89abcdef01234567-000000000000002g.seg", "89abcdef01234567-000000000000002a.tmp"})
    EXPECT_FALSE(parse_segment_name(other)) << other;
}

// The numbers of the worked example in docs/formats/journal.md.
std::string example_journal() {
  return encode_journal_file(
      {.region = Region{0}, .node = Node{1}, .incarnation = 0x89abcdef01234567, .sealed = {}});
}

std::string example_segment() {
  SegmentHeader header = sample_header();
  header.first_offset = 1;
  header.region = 0;
  header.node = 1;
  std::string segment = encode_segment_header(header);
  RecordHeader record;
  record.unix_ms = 1'700'000'001'000;
  record.id = compose_id({.unix_ms = record.unix_ms, .node = Node{1}});
  record.account = AccountId{compose_id({.unix_ms = 1'650'000'000'000, .node = Node{1}})};
  for (std::size_t i = 0; i < 16; ++i) record.key.bytes[i] = static_cast<std::byte>(0xa0 + i);
  record.fingerprint = 0x0102030405060708;
  record.kind = EventKind::publish_post;
  const std::string payload = encode(PublishPost{.post = {record.id},
                                                 .community = common_ground,
                                                 .author = record.account,
                                                 .text = "祭",
                                                 .language = "ja"});
  const StoredHeader stored = store_header(record, as_bytes(payload), header.salt);
  BatchHeader batch{};
  batch.body_size = static_cast<std::uint32_t>(record_stride(payload.size()));
  batch.offset_first = 1;
  batch.time_ms = 1'700'000'001'002;
  batch.count = 1;
  std::string bytes(sizeof batch + batch.body_size, '\0');
  std::memcpy(bytes.data(), &batch, sizeof batch);
  std::memcpy(bytes.data() + sizeof batch, &stored, sizeof stored);
  std::memcpy(bytes.data() + sizeof batch + sizeof stored, payload.data(), payload.size());
  store(std::as_writable_bytes(std::span(bytes)), 0, batch_checksum(as_bytes(bytes), header.salt));
  return segment + bytes;
}

// As the document shows bytes: "0010  4d 54 53 ..." with offsets of a file, 16 a line, and nothing
// for zeros up to the next line shown.
std::string hex_lines(const std::string& bytes, std::size_t from, std::size_t to) {
  std::string lines;
  for (std::size_t at = from; at < to; at += 16) {
    char text[8];
    std::snprintf(text, sizeof text, "%04zx ", at);
    lines += text;
    for (std::size_t i = at; i < std::min(at + 16, to); ++i) {
      std::snprintf(text, sizeof text, " %02x", static_cast<unsigned char>(bytes[i]));
      lines += text;
    }
    lines += '\n';
  }
  return lines;
}

// Goal: what the document shows is what the code writes, and reads.
TEST(FormatTest, TheDocumentsExampleIsTrue) {
  std::ifstream file("docs/formats/journal.md", std::ios::binary);
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const std::string segment = example_segment();
  for (const std::string& wanted : {hex_lines(example_journal(), 0, 32), hex_lines(segment, 0, 64),
                                    hex_lines(segment, 4096, segment.size())})
    EXPECT_NE(document.find("```\n" + wanted + "```"), std::string::npos) << wanted;

  Machine machine;
  ASSERT_TRUE(machine.disk.make_folders("journal").ok());
  machine.replace("journal/JOURNAL", example_journal());
  machine.replace("journal/89abcdef01234567-0000000000000001.seg", segment);
  const auto ranges = list_ranges(machine.disk, "journal").value();
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].end_offset, 1U);
  const auto kept = read_all(machine.disk, "journal", ranges[0].origin, 1, 1).value();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].header.unix_ms, 1'700'000'001'000);
  const auto event = decode(kept[0].header.kind, as_bytes(kept[0].payload));
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(std::get<PublishPost>(*event).text, "祭");
}

}  // namespace
}  // namespace matsuri::journal
