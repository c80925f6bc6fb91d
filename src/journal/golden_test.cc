// A journal that an earlier version wrote is read for ever: tests/golden/journal/ has one of each
// version of the format, with expected.txt for what it must read as. New ones are added by
// MATSURI_WRITE_GOLDEN=1; old ones are never changed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

const std::string golden_folder = "tests/golden/journal/v1";  // from the repository's root

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// All that list_ranges() and Reader say of a folder, a line each.
std::string described(io::FileSystem& files, const std::string& folder) {
  std::string text;
  for (const Range& range : list_ranges(files, folder).value()) {
    text += "range " + range.origin.to_string() + " " + std::to_string(range.first_offset) + ".." +
            std::to_string(range.end_offset) + (range.sealed ? " sealed\n" : "\n");
    if (range.end_offset < range.first_offset) continue;
    for (const Kept& one :
         read_all(files, folder, range.origin, range.first_offset, range.end_offset).value()) {
      const RecordHeader& header = one.header;
      text += "record " + std::to_string(one.offset) + " id=" + std::to_string(header.id) +
              " unix_ms=" + std::to_string(header.unix_ms) +
              " account=" + header.account.to_string() + " key=" + to_hex(header.key.bytes) +
              " fingerprint=" + std::to_string(header.fingerprint) +
              " kind=" + std::to_string(static_cast<int>(header.kind)) +
              " payload=" + to_hex(as_bytes(one.payload)) + "\n";
    }
  }
  return text;
}

// Writes the journal that is kept as v1: rolled, restored, with batches of one and of several.
void write_sample(Machine& machine) {
  auto options = machine.options();
  options.batch_body_size_max = 1024;
  options.segment_size = segment_header_size + 2048;
  {
    auto writer = Writer::open(options).value();
    for (const std::size_t size : {0U, 1U, 7U, 8U, 200U, 900U, 500U, 300U}) {
      machine.append(*writer, size);
      machine.clock.advance_ms(17);
    }
  }
  ASSERT_TRUE(begin_incarnation(machine.disk, options.folder, machine.random).ok());
  auto writer = Writer::open(options).value();
  std::vector<Writer::Entry> entries;
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t id = machine.next_id++;
    const Event event = PublishPost{.post = {id},
                                    .community = common_ground,
                                    .author = {id * 7 + 1},
                                    .text = "祭りへようこそ!",
                                    .language = "ja"};
    entries.push_back({.header = header_of(id), .payload = encode(event)});
  }
  io::InlineExecutor executor;
  Answer answer;
  ASSERT_TRUE(writer->append_all(entries, executor, answer.completion()).ok());
  ASSERT_TRUE(answer.wait().ok());
  machine.append(*writer, 33);
}

std::map<std::string, std::string> files_of(Machine& machine) {
  std::map<std::string, std::string> files;
  for (const std::string& name : machine.disk.list("journal").value())
    if (name != lock_file_name && name != spare_file_name)
      files[name] = machine.content("journal/" + name);
  return files;
}

// The restore stamps its segment with the time of the real clock: created_ms, and the checksum.
std::string without_time(std::string segment) {
  return segment.replace(8, 4, 4, '-').replace(40, 8, 8, '-');
}

class GoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("MATSURI_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(golden_folder)) {
      Machine machine;
      write_sample(machine);
      std::filesystem::create_directories(golden_folder);
      for (const auto& [name, content] : files_of(machine))
        std::ofstream(golden_folder + "/" + name, std::ios::binary) << content;
      std::ofstream(golden_folder + "/expected.txt") << described(machine.disk, "journal");
    }
    ASSERT_TRUE(std::filesystem::exists(golden_folder + "/expected.txt"));
  }
  // The golden journal on a simulated disk.
  static void load(Machine& machine) {
    ASSERT_TRUE(machine.disk.make_folders("journal").ok());
    for (const auto& entry : std::filesystem::directory_iterator(golden_folder))
      if (entry.path().filename() != "expected.txt")
        machine.replace("journal/" + entry.path().filename().string(), content_of(entry.path()));
  }
};

TEST_F(GoldenTest, IsReadAsEver) {
  Machine machine;
  load(machine);
  EXPECT_EQ(described(machine.disk, "journal"), content_of(golden_folder + "/expected.txt"));
}

TEST_F(GoldenTest, IsContinued) {
  Machine machine;
  load(machine);
  {
    auto writer = machine.open();
    ASSERT_NE(writer, nullptr);
    EXPECT_EQ(writer->durable_offset(), 4U);
    EXPECT_EQ(machine.append(*writer, 40).offset, 5U);
  }
  const std::string now = described(machine.disk, "journal");
  EXPECT_NE(now.find("record 5 id=1 "), std::string::npos) << now;
}

// A change that this finds is a new version of the format, or an accident.
TEST_F(GoldenTest, IsWhatTheWriterWrites) {
  Machine machine;
  write_sample(machine);
  const auto files = files_of(machine);
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "expected.txt") continue;
    ++count;
    ASSERT_TRUE(files.contains(name)) << name;
    if (parse_segment_name(name))
      EXPECT_TRUE(without_time(files.at(name)) == without_time(content_of(entry.path()))) << name;
    else
      EXPECT_TRUE(files.at(name) == content_of(entry.path())) << name;
  }
  EXPECT_EQ(count, files.size());
  EXPECT_GE(count, 4U);
}

}  // namespace
}  // namespace matsuri::journal
