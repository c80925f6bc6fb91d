// Goal: a body is read in one way, and what is not of our form is refused with what is wrong.
// Method: the form with each part changed, and every shorter text.
#include "closure/request.h"

#include <gtest/gtest.h>

#include <string>

namespace matsuri::closure {
namespace {

const std::string good =
    R"({"ticket":"abc","path":"cable","dt_ms":1500,"rtt_ms":40,"descriptor":"AQID"})";

TEST(ParseAttempt, ReadsTheForm) {
  for (const std::string& text :
       {good, " \r\n" + good + "\t ",
        std::string(R"({ "descriptor" : "AQID" , "rtt_ms" : 40 , "dt_ms" : 1500 ,
                        "path":"cable","ticket":"abc" })")}) {
    const auto attempt = parse_attempt(text);
    ASSERT_TRUE(attempt.ok()) << text << attempt.error().message();
    EXPECT_EQ(attempt->ticket, "abc");
    EXPECT_EQ(attempt->path, Path::cable);
    EXPECT_EQ(attempt->dt_ms, 1500);
    EXPECT_EQ(attempt->rtt_ms, 40);
    EXPECT_EQ(attempt->descriptor, "\x01\x02\x03");
  }
}

TEST(ParseAttempt, RefusesEveryShorterText) {
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto attempt = parse_attempt(good.substr(0, size));
    ASSERT_FALSE(attempt.ok()) << size;
    EXPECT_EQ(attempt.error().code(), Code::invalid);
  }
}

TEST(ParseAttempt, SaysWhatIsWrong) {
  const auto changed = [](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string form = "the body is not a JSON object of plain strings and whole numbers";
  const std::pair<std::string, std::string> cases[] = {
      {changed(R"("ticket":"abc",)", ""), "ticket: is missing"},
      {changed(R"("abc")", "5"), "ticket: expected a string"},
      {changed("1500", R"("1500")"), "dt_ms: expected a whole number"},
      {changed(R"("rtt_ms":40,)", R"("rtt_ms":40,"rtt_ms":41,)"), "rtt_ms: is there twice"},
      {changed("rtt_ms", "rtt"), "the body has a member that is not known here"},
      {changed("cable", "carrier"), "path: terrestrial, cable or stream are known"},
      {changed("AQID", "AQI="), "descriptor: is not base64url without padding"},
      {changed("AQID", "AQJ"), "descriptor: is not base64url without padding"},
      {changed("1500", "1500.0"), form},
      {changed("1500", "1e3"), form},
      {changed("1500", "01500"), form},
      {changed("1500", "+1500"), form},
      {changed("1500", "-"), form},
      {changed("1500", "99999999999999999999"), form},
      {changed("1500", "null"), form},
      {changed("1500", "[1500]"), form},
      {changed("abc", R"(a\u0062c)"), form},
      {changed("abc", "a\nc"), form},
      {changed("abc", "\xe3\x81\x82"), form},
      {changed(",", ",,"), form},
      {changed("}", ",}"), form},
      {changed("{", "[{"), form},
      {good + "x", form},
      {"", form},
      {"[]", form},
  };
  for (const auto& [text, message] : cases) {
    const auto attempt = parse_attempt(text);
    ASSERT_FALSE(attempt.ok()) << text;
    EXPECT_EQ(attempt.error().code(), Code::invalid);
    EXPECT_EQ(attempt.error().message(), message) << text;
  }
}

}  // namespace
}  // namespace matsuri::closure
