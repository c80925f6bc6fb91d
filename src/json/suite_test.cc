// Goal: the parser takes and refuses what RFC 8259 says. Method: the files of JSONTestSuite.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "json/value.h"
#include "json/writer.h"

namespace matsuri::json {
namespace {

namespace fs = std::filesystem;

// The suite's files by name, unpacked into a folder of its own; none where it is not there.
std::map<std::string, std::string> suite_files() {
  const char* shared = std::getenv("MATSURI_SHARED");
  const fs::path archive = fs::path(shared != nullptr ? shared : "../shared") /
                           "data/json_testsuite/JSONTestSuite.tar.zst";
  std::map<std::string, std::string> files;
  if (!fs::exists(archive)) return files;
  std::string folder = (fs::temp_directory_path() / "json_suite_XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return files;
  const std::string command = "tar --zstd -xf '" + archive.string() + "' -C '" + folder + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file),
                                               std::istreambuf_iterator<char>()};
  }
  fs::remove_all(folder);
  return files;
}

TEST(JsonSuite, TakesWhatIsJsonAndRefusesWhatIsNot) {
  const auto files = suite_files();
  if (files.empty()) GTEST_SKIP() << "JSONTestSuite.tar.zst is not in the shared data";
  const Limits limits{.depth_max = 600, .duplicate_keys = true};
  std::map<char, int> counts;
  for (const auto& [name, text] : files) {
    SCOPED_TRACE(name);
    const auto document = Document::parse(text, limits);
    if (!document.ok()) {
      EXPECT_EQ(document.error().code(), Code::invalid);
    }
    if (name[1] != '_') continue;
    ++counts[name[0]];
    if (name[0] == 'y') {
      EXPECT_TRUE(document.ok()) << document.error().message();
    }
    if (name[0] == 'n') {
      EXPECT_FALSE(document.ok());
    }
  }
  EXPECT_EQ(counts['y'], 95);
  EXPECT_EQ(counts['n'], 188);
  EXPECT_EQ(counts['i'], 35);
}

// What the suite leaves open is decided here, so that a newer library does not change it unseen.
TEST(JsonSuite, OpenQuestionsHaveOneAnswer) {
  const auto files = suite_files();
  if (files.empty()) GTEST_SKIP() << "JSONTestSuite.tar.zst is not in the shared data";
  std::set<std::string> taken;
  for (const auto& [name, text] : files) {
    if (!name.starts_with("i_")) continue;
    if (Document::parse(text, {.depth_max = 600}).ok()) taken.insert(name);
  }
  const std::set<std::string> expected = {"i_number_double_huge_neg_exp.json",
                                          "i_number_real_underflow.json",
                                          "i_structure_500_nested_arrays.json"};
  EXPECT_EQ(taken, expected);
}

TEST(JsonSuite, RefusesKeysThatStandTwice) {
  const auto files = suite_files();
  if (files.empty()) GTEST_SKIP() << "JSONTestSuite.tar.zst is not in the shared data";
  std::set<std::string> refused;
  for (const auto& [name, text] : files) {
    if (name.starts_with("y_") && !Document::parse(text).ok()) refused.insert(name);
  }
  const std::set<std::string> expected = {"y_object_duplicated_key.json",
                                          "y_object_duplicated_key_and_value.json"};
  EXPECT_EQ(refused, expected);
}

}  // namespace
}  // namespace matsuri::json
