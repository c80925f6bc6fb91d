#include "base/log.h"

#include <gtest/gtest.h>

namespace matsuri::log {
namespace {

TEST(Log, PrintsKeysAndValuesForPeople) {
  EXPECT_EQ(format_line(Format::text, "journal", "segment sealed", {}), "journal: segment sealed");
  EXPECT_EQ(format_line(Format::text, "journal", "segment sealed",
                        {{"segment", "a-1.seg"}, {"records", 42}, {"full", true}, {"rest", -1}}),
            "journal: segment sealed segment=a-1.seg records=42 full=true rest=-1");
}

// Goal: no value can look like a second field or a second line.
TEST(Log, QuotesWhatWouldConfuse) {
  EXPECT_EQ(format_line(Format::text, "m", "x",
                        {{"a", "two words"}, {"b", ""}, {"c", "k=v"}, {"d", "line\nbreak"}}),
            R"(m: x a="two words" b="" c="k=v" d="line\u000abreak")");
  EXPECT_EQ(format_line(Format::text, "m", "x", {{"q", "a\"b\\c"}}), R"(m: x q="a\"b\\c")");
}

TEST(Log, PrintsOneJsonObjectForMachines) {
  EXPECT_EQ(format_line(Format::json, "http", "said \"no\"",
                        {{"path", "C:\\x\t"}, {"status", 404}, {"late", false}, {"name", "祭り"}}),
            "\"module\":\"http\",\"message\":\"said \\\"no\\\"\",\"path\":\"C:\\\\x\\u0009\","
            "\"status\":404,\"late\":false,\"name\":\"祭り\"");
  EXPECT_EQ(format_line(Format::json, "m", "x", {{"del", "\x7f"}, {"text", "12"}}),
            R"("module":"m","message":"x","del":"\u007f","text":"12")");
}

TEST(Log, WritesToStandardErrorFromTheLevelUp) {
  testing::internal::CaptureStderr();
  configure(Level::warn, Format::json);
  info("test", "too low");
  warn("test", "seen {} as it is", {{"count", 3}});
  configure(Level::info, Format::text);
  debug("test", "too low");
  error("test", "also seen", {{"why", "it must"}});
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find("too low"), std::string::npos) << out;
  EXPECT_NE(
      out.find(R"("level":"warning","module":"test","message":"seen {} as it is","count":3})"),
      std::string::npos)
      << out;
  EXPECT_TRUE(out.starts_with(R"({"time":"2)")) << out;
  EXPECT_NE(out.find("error test: also seen why=\"it must\"\n"), std::string::npos) << out;
}

}  // namespace
}  // namespace matsuri::log
