// Goal: what a header is refused for, and what a handler may rely on. Method: requests made by hand,
// without a socket, under a clock that stands still.
#include "http/internal/dispatcher.h"

#include <gtest/gtest.h>

#include <memory>

namespace matsuri::http {
namespace {

// "anna" by token, "cookie anna" by cookie; all else is nobody or bad.
class FakeAuthenticator final : public Authenticator {
 public:
  Result<Caller> authenticate(const Request& request) override {
    if (request.header("authorization") == "anna") return Caller{.account = AccountId{1}};
    if (request.header("cookie") == "anna")
      return Caller{.account = AccountId{1}, .by_cookie = true};
    if (request.header("authorization").empty()) return Caller{};
    return Error(Code::unauthenticated, "gone");
  }
};

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    options.authenticator = &authenticator;
    options.clock = &clock;
    options.trusted_proxies = {"10.0.0.1", "10.0.0.2"};
    options.static_files = {{.path = "/", .content_type = "text/html", .etag = "e"}};
    options.page_routes = {"/", "/u/{name}"};
    const Handler handler = [](const RequestPtr&, Responder) {};
    router.add(Method::get, "/v1/posts/{post}", {}, handler);
    router.add(Method::post, "/v1/posts",
               {.cost = Cost::write, .body_size_max = 10, .needs_account = true, .json_body = true},
               handler);
    router.add(Method::del, "/v1/posts/{post}", {.cost = Cost::write}, handler);
    router.add(Method::get, "/healthz", {.cost = Cost::none}, handler);
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  static Request request_of(Method method, std::string path, Headers headers = {}) {
    Request request;
    request.method = method;
    request.path = std::move(path);
    request.headers = std::move(headers);
    request.address = "192.0.2.7";
    return request;
  }

  Dispatcher& dispatcher() {
    if (!made) {
      metrics = std::make_unique<ServerMetrics>(nullptr, router.state().table);
      made = std::make_unique<Dispatcher>(options, router.state().table, *metrics);
    }
    return *made;
  }
  // 0 where it passes.
  int status_for(Request request, RequestShape shape = {}) {
    const Admission admission = dispatcher().admit(request, shape);
    return admission.refusal ? admission.refusal->status : 0;
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }

  FakeAuthenticator authenticator;
  io::ManualClock clock{1'700'000'000'000};
  ServerOptions options;
  Router router;
  std::unique_ptr<ServerMetrics> metrics;
  std::unique_ptr<Dispatcher> made;
};

const std::pair<std::string, std::string> json{"content-type", "application/json"};
const std::pair<std::string, std::string> anna{"authorization", "anna"};

TEST_F(DispatcherTest, FindsRoutesFilesAndNothing) {
  Request request = request_of(Method::get, "/v1/posts/5");
  const Admission admission = dispatcher().admit(request, {});
  EXPECT_FALSE(admission.refusal);
  EXPECT_EQ(request.path_parameter("post"), "5");
  Request page = request_of(Method::head, "/u/anna");
  EXPECT_EQ(dispatcher().admit(page, {}).file->path, "/");
  EXPECT_EQ(status_for(request_of(Method::get, "/nowhere")), 404);
  EXPECT_EQ(status_for(request_of(Method::post, "/nowhere")), 404);
  EXPECT_EQ(status_for(request_of(Method::get, "/v1/posts/5"), {.refused_method = 501}), 501);
}

TEST_F(DispatcherTest, SaysWhichMethodsAPathHas) {
  const auto allow = [&](Method method, std::string path, int status) {
    Request request = request_of(method, std::move(path));
    const Admission admission = dispatcher().admit(request, {});
    EXPECT_EQ(admission.refusal->status, status);
    return header(*admission.refusal, "allow");
  };
  EXPECT_EQ(allow(Method::put, "/v1/posts/5", 405), "GET, HEAD, DELETE");
  EXPECT_EQ(allow(Method::get, "/v1/posts", 405), "POST");
  EXPECT_EQ(allow(Method::post, "/u/anna", 405), "GET, HEAD");
  EXPECT_EQ(allow(Method::options, "/v1/posts/5", 204), "GET, HEAD, DELETE");
  EXPECT_EQ(allow(Method::options, "/", 204), "GET, HEAD");
  EXPECT_EQ(allow(Method::options, "*", 204), "");
  EXPECT_EQ(allow(Method::options, "/nowhere", 404), "");
}

TEST_F(DispatcherTest, WantsTheBodyThatTheRouteTakes) {
  const auto post = [&](Headers headers, std::uint64_t size) {
    headers.push_back(anna);
    return status_for(request_of(Method::post, "/v1/posts", headers), {.content_length = size});
  };
  EXPECT_EQ(post({json}, 10), 0);
  EXPECT_EQ(post({json}, 11), 413);
  EXPECT_EQ(post({{"content-type", "Application/JSON ; charset=utf-8"}}, 1), 0);
  EXPECT_EQ(post({{"content-type", "text/plain"}}, 1), 415);
  EXPECT_EQ(post({{"content-type", "application/jsonx"}}, 1), 415);
  EXPECT_EQ(post({}, 1), 415);
}

TEST_F(DispatcherTest, WantsAnAccountWhereTheRouteDoes) {
  EXPECT_EQ(status_for(request_of(Method::post, "/v1/posts", {json})), 401);
  EXPECT_EQ(status_for(request_of(Method::post, "/v1/posts", {json, {"authorization", "?"}})), 401);
  EXPECT_EQ(status_for(request_of(Method::get, "/v1/posts/5", {{"authorization", "?"}})), 0);
  Request request = request_of(Method::post, "/v1/posts", {json, anna});
  EXPECT_FALSE(dispatcher().admit(request, {}).refusal);
  EXPECT_EQ(request.caller.account, AccountId{1});
}

TEST_F(DispatcherTest, TakesWritesByCookieFromOurPagesOnly) {
  const auto post = [&](Headers headers) {
    headers.insert(headers.end(), {json, {"cookie", "anna"}, {"host", "matsuri.example:8080"}});
    return status_for(request_of(Method::post, "/v1/posts", headers));
  };
  EXPECT_EQ(post({{"origin", "http://matsuri.example:8080"}}), 0);
  EXPECT_EQ(post({{"sec-fetch-site", "same-origin"}}), 0);
  EXPECT_EQ(post({}), 403);
  EXPECT_EQ(post({{"origin", "null"}}), 403);
  EXPECT_EQ(post({{"origin", "http://evil.example"}, {"sec-fetch-site", "same-origin"}}), 403);
  EXPECT_EQ(post({{"origin", "https://matsuri.example:8080"}}), 403);
  EXPECT_EQ(post({{"origin", "http://matsuri.example"}}), 403);
  EXPECT_EQ(post({{"sec-fetch-site", "same-site"}}), 403);
  EXPECT_EQ(post({{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(status_for(request_of(Method::get, "/v1/posts/5", {{"cookie", "anna"}})), 0);
  options.behind_tls = true;
  EXPECT_EQ(post({{"origin", "https://matsuri.example:8080"}}), 0);
  EXPECT_EQ(post({{"origin", "http://matsuri.example:8080"}}), 403);
}

TEST_F(DispatcherTest, ReadsIdempotencyKeys) {
  const auto key_of = [&](std::string text) {
    Request request =
        request_of(Method::post, "/v1/posts", {json, anna, {"idempotency-key", std::move(text)}});
    const Admission admission = dispatcher().admit(request, {});
    return admission.refusal ? IdempotencyKey{} : request.idempotency_key;
  };
  EXPECT_TRUE(key_of("a"));
  EXPECT_EQ(key_of("a"), key_of("a"));
  EXPECT_NE(key_of("a"), key_of("b"));
  EXPECT_TRUE(key_of(std::string(64, 'k')));
  EXPECT_FALSE(key_of(std::string(65, 'k')));
  EXPECT_FALSE(key_of(""));
  EXPECT_FALSE(key_of("a b"));
  EXPECT_FALSE(key_of("\xc3\xa4"));
}

TEST_F(DispatcherTest, TellsRequestsWithOneKeyApart) {
  const auto fingerprint = [&](Method method, std::string path, std::string query,
                               std::string body) {
    Request request = request_of(method, std::move(path), {{"idempotency-key", "k"}});
    request.query = std::move(query);
    request.body = std::move(body);
    request.idempotency_key.bytes[0] = std::byte{1};
    dispatcher().complete(request);
    return request.fingerprint;
  };
  const std::uint64_t first = fingerprint(Method::post, "/a", "", "bc");
  EXPECT_EQ(first, fingerprint(Method::post, "/a", "", "bc"));
  EXPECT_NE(first, fingerprint(Method::put, "/a", "", "bc"));
  EXPECT_NE(first, fingerprint(Method::post, "/ab", "", "c"));
  EXPECT_NE(first, fingerprint(Method::post, "/a", "b", "c"));
  EXPECT_NE(first, fingerprint(Method::post, "/a", "", "bd"));
}

TEST_F(DispatcherTest, ReadsPositions) {
  PositionSet seen;
  seen.raise({.origin = {}, .offset = 7});
  Request request = request_of(Method::get, "/v1/posts/5", {{"matsuri-position", seen.to_token()}});
  EXPECT_FALSE(dispatcher().admit(request, {}).refusal);
  EXPECT_EQ(request.position.to_token(), seen.to_token());
  EXPECT_EQ(status_for(request_of(Method::get, "/v1/posts/5", {{"matsuri-position", "?"}})), 400);
}

TEST_F(DispatcherTest, LimitsTheAccountFirstThenTheAddress) {
  options.account_read = {.per_minute = 60, .burst = 2};
  options.address_read = {.per_minute = 60, .burst = 3};
  const auto get = [&](Headers headers) {
    Request request = request_of(Method::get, "/v1/posts/5", std::move(headers));
    return dispatcher().admit(request, {});
  };
  EXPECT_EQ(get({anna}).rate.limit, 2);
  EXPECT_EQ(get({anna}).rate.remaining, 0);
  const Admission refused = get({anna});
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->status, 429);
  EXPECT_EQ(header(*refused.refusal, "retry-after"), "1");
  EXPECT_EQ(refused.rate.limit, 2);
  // What the account was refused, the address did not pay.
  EXPECT_EQ(get({}).rate.remaining, 0);
  EXPECT_EQ(get({}).refusal->status, 429);
  EXPECT_EQ(status_for(request_of(Method::del, "/v1/posts/5")), 0) << "another bucket";
  EXPECT_EQ(status_for(request_of(Method::get, "/healthz")), 0) << "no bucket";
  clock.advance_ms(1000);
  EXPECT_FALSE(get({}).refusal);
}

TEST_F(DispatcherTest, BelievesProxiesThatItTrusts) {
  const auto address = [&](std::string_view peer, std::string_view forwarded) {
    return dispatcher().address_of(peer, forwarded);
  };
  EXPECT_EQ(address("192.0.2.1", "198.51.100.9"), "192.0.2.1");
  EXPECT_EQ(address("10.0.0.1", "198.51.100.9"), "198.51.100.9");
  EXPECT_EQ(address("10.0.0.1", "1.1.1.1, 198.51.100.9, 10.0.0.2"), "198.51.100.9");
  EXPECT_EQ(address("10.0.0.1", ""), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.1", "10.0.0.2"), "10.0.0.2");
  EXPECT_EQ(address("10.0.0.1", "1.1.1.1, "), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.1", std::string(100, 'x')), "10.0.0.1");
}

TEST_F(DispatcherTest, ReadsQueriesOnce) {
  Request request;
  request.query = "a=1&b=x+%C3%A4&c&d=%ff&a=2&=&&e=%zz";
  EXPECT_EQ(request.query_parameter("b").value(), "x ä");
  EXPECT_EQ(request.query_parameter("c").value(), "");
  EXPECT_EQ(request.query_parameter("f").value(), std::nullopt);
  EXPECT_EQ(request.query_parameter("a").error().code(), Code::invalid);
  EXPECT_EQ(request.query_parameter("d").error().code(), Code::invalid);
  EXPECT_EQ(request.query_parameter("e").error().code(), Code::invalid);
}

}  // namespace
}  // namespace matsuri::http
