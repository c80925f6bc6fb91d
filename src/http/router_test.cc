#include "http/router.h"

#include <gtest/gtest.h>

#include "http/internal/route_table.h"

namespace matsuri::http {
namespace {

// The pattern and parameters that a path leads to; "" where none.
std::string found(const Router& router, Method method, std::string_view path) {
  const Match match = router.state().table.find(method, path);
  if (!match.route) return "";
  std::string out = match.route->pattern;
  for (const auto& [name, value] : match.parameters) out += ' ' + name + '=' + value;
  return out;
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    const Handler handler = [](const RequestPtr&, Responder) {};
    for (const std::string_view pattern :
         {"/", "/v1/posts/{post}", "/v1/posts/new", "/v1/{kind}/new/last", "/v1/posts/{post}/x"})
      router.add(Method::get, pattern, {}, handler);
    router.add(Method::post, "/v1/posts/{post}", {}, handler);
    router.add_stream("/v1/stream", {},
                      [](const RequestPtr&, const auto&) { return Result<void>(); });
  }
  Router router;
};

TEST_F(RouterTest, PrefersLiteralsAndComesBackFromThem) {
  EXPECT_EQ(found(router, Method::get, "/"), "/");
  EXPECT_EQ(found(router, Method::get, "/v1/posts/5"), "/v1/posts/{post} post=5");
  EXPECT_EQ(found(router, Method::get, "/v1/posts/new"), "/v1/posts/new");
  EXPECT_EQ(found(router, Method::get, "/v1/posts/new/last"), "/v1/{kind}/new/last kind=posts");
  EXPECT_EQ(found(router, Method::get, "/v1/posts/new/x"), "/v1/posts/{post}/x post=new");
  EXPECT_EQ(found(router, Method::post, "/v1/posts/5"), "/v1/posts/{post} post=5");
}

TEST_F(RouterTest, FindsNothingInWhatIsNearly) {
  for (const std::string_view path : {"", "v1/posts/5", "/v1/posts", "/v1/posts/", "/v1/posts/5/",
                                      "//v1/posts/5", "/v1/posts//x", "/V1/posts/5", "/v1", "*"})
    EXPECT_EQ(found(router, Method::get, path), "") << path;
}

TEST_F(RouterTest, AnswersHeadByGetButNotForStreams) {
  EXPECT_EQ(found(router, Method::head, "/v1/posts/5"), "/v1/posts/{post} post=5");
  EXPECT_EQ(found(router, Method::head, "/v1/stream"), "");
  const RouteTable& table = router.state().table;
  EXPECT_EQ(to_allow(table.find(Method::put, "/v1/posts/5").methods), "GET, HEAD, POST");
  EXPECT_EQ(to_allow(table.find(Method::put, "/v1/stream").methods), "GET");
  EXPECT_EQ(table.find(Method::put, "/v1").methods, 0);
}

TEST(RouterDeathTest, RefusesTheSameRouteTwice) {
  Router router;
  const Handler handler = [](const RequestPtr&, Responder) {};
  router.add(Method::get, "/a/{b}", {}, handler);
  EXPECT_DEATH(router.add(Method::get, "/a/{c}", {}, handler), "added twice");
}

}  // namespace
}  // namespace matsuri::http
