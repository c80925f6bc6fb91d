// Goal: paths mean one thing only. Method: the forms of RFC 9112, and the tricks that are played with them.
#include "http/internal/target.h"

#include <gtest/gtest.h>

namespace matsuri::http {
namespace {

TEST(Target, TakesTheFormsApart) {
  const auto origin = parse_target("/a/b%20c?x=1&y=%2F");
  ASSERT_TRUE(origin.ok());
  EXPECT_EQ(origin->path, "/a/b c");
  EXPECT_EQ(origin->query, "x=1&y=%2F");
  const auto absolute = parse_target("HTTP://h:80?q");
  ASSERT_TRUE(absolute.ok());
  EXPECT_EQ(absolute->path, "/");
  EXPECT_EQ(absolute->query, "q");
  EXPECT_EQ(absolute->authority, "h:80");
  ASSERT_TRUE(parse_target("*").ok());
  EXPECT_EQ(parse_target("/%E3%81%BE").value().path, "/ま");
}

TEST(Target, RefusesWhatIsATrick) {
  for (const std::string_view raw :
       {"",        "a",       "//#",       "/a%2Fb",       "/a%2fb",
        "/%00",    "/%0d%0a", "/%7f",      "/%",           "/%4",
        "/%gg",    "/..",     "/a/../b",   "/./a",         "/%2e%2e/a",
        "/%ff",    "http://", "http:///a", "http://a@b/c", "http://h:123456/",
        "https:/a"}) {
    SCOPED_TRACE(raw);
    EXPECT_FALSE(parse_target(raw).ok());
  }
}

TEST(Target, KnowsHosts) {
  for (const std::string_view host : {"a", "a.b:80", "127.0.0.1:8080", "[::1]", "[::1]:80", ""})
    EXPECT_TRUE(is_host(host)) << host;
  for (const std::string_view host :
       {"a b", "a/b", "a@b", "a:b", "[::1", "[]", "[::g]", "a:123456", "a\\b", "[::1]x"})
    EXPECT_FALSE(is_host(host)) << host;
}

TEST(Target, DecodesPercent) {
  EXPECT_EQ(decode_percent("a+b%2B", Plus::is_plus), "a+b+");
  EXPECT_EQ(decode_percent("a+b%2B", Plus::is_space), "a b+");
  EXPECT_EQ(decode_percent("%", Plus::is_plus), std::nullopt);
  EXPECT_EQ(decode_percent("%4", Plus::is_plus), std::nullopt);
  EXPECT_EQ(decode_percent("%4x", Plus::is_plus), std::nullopt);
}

}  // namespace
}  // namespace matsuri::http
