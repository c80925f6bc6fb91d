// Goal: a request is read the same wherever its bytes are cut, what is ambiguous is refused, and
// every limit holds at the byte. Method: tables of requests, each cut everywhere.
#include "http/internal/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace matsuri::http {
namespace {

// What one connection's bytes were taken for.
struct Outcome {
  std::vector<std::string> requests;  // one line of all that was understood, for each
  int error_status = 0;

  bool operator==(const Outcome&) const = default;
};

std::string describe(const RequestParser& parser, const Request& request) {
  std::string out(parser.refused_method() == 0 ? name_of(request.method) : "?");
  out += ' ' + request.path + '?' + request.query;
  for (const auto& [name, value] : request.headers) out += " [" + name + '=' + value + ']';
  out += parser.keep_alive() ? " keep " : " close ";
  return out + request.body;
}

// Feeds as a connection does: what was not used comes again, in front of the next piece.
Outcome read_pieces(const std::vector<std::string_view>& pieces, ParserLimits limits = {},
                    std::size_t body_size_max = 1000) {
  Outcome outcome;
  RequestParser parser(limits);
  auto request = std::make_unique<Request>();
  parser.start(*request);
  std::string kept;
  for (const std::string_view piece : pieces) {
    // A copy of just its size: a sanitizer sees a read past its end.
    const std::vector<char> exact = [&] {
      const std::string joined = kept.append(piece);
      return std::vector<char>(joined.begin(), joined.end());
    }();
    std::string_view left(exact.data(), exact.size());
    for (bool wants_more = false; !wants_more;) {
      std::size_t used = 0;
      const RequestParser::Step step = parser.feed(left, used);
      left.remove_prefix(used);
      switch (step) {
        case RequestParser::Step::need_more:
          wants_more = true;
          break;
        case RequestParser::Step::header_done:
          parser.limit_body(body_size_max);
          break;
        case RequestParser::Step::complete:
          outcome.requests.push_back(describe(parser, *request));
          request = std::make_unique<Request>();
          parser.start(*request);
          break;
        case RequestParser::Step::failed:
          outcome.error_status = parser.error().status;
          return outcome;
      }
    }
    kept.assign(left);
  }
  return outcome;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < text.size(); ++i) out.push_back(text.substr(i, 1));
  return out;
}

void expect_same_at_every_cut(std::string_view text, const Outcome& whole) {
  EXPECT_EQ(read_pieces(bytes_of(text)), whole) << "byte by byte";
  for (std::size_t cut = 1; cut < text.size(); ++cut)
    ASSERT_EQ(read_pieces({text.substr(0, cut), text.substr(cut)}), whole) << "cut at " << cut;
}

struct Good {
  std::string_view text;
  std::vector<std::string> requests;
};

const Good good[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", {"GET /? [host=a] keep "}},
    {"\r\n\r\nGET /a%20b?x=%31 HTTP/1.1\r\nHost: a:80\r\n\r\n",
     {"GET /a b?x=%31 [host=a:80] keep "}},
    {"GET / HTTP/1.0\r\n\r\n", {"GET /? close "}},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {"GET /? [connection=keep-alive] keep "}},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     {"GET /? [host=a] [connection=close] close "}},
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /n HTTP/1.1\r\nHost: "
     "a\r\n\r\n",
     {"POST /p? [host=a] [content-length=5] keep hello", "GET /n? [host=a] keep "}},
    {"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     {"POST /p? [host=a] [transfer-encoding=chunked] keep "}},
    {"POST /p HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n"
     "5;x=\"y z\"\r\nhello\r\n1\r\n!\r\n000\r\nVary: *\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n",
     {"POST /p? [host=a] [transfer-encoding=Chunked] keep hello!", "GET /n? [host=a] keep "}},
    {"PUT http://Host.Example/a?b HTTP/1.1\r\nHOST: host.example\r\n\r\n",
     {"PUT /a?b [host=host.example] keep "}},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {"OPTIONS *? [host=a] keep "}},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \t y \t\r\nX:\r\nX:z\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
     {"GET /? [host=a] [x=y, , z] [cookie=a=1; b=2] keep "}},
    {"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
     {"? ? [host=a] keep ", "HEAD /? [host=a] keep "}},
};

TEST(RequestParser, ReadsRequestsTheSameAtEveryCut) {
  for (const Good& entry : good) {
    SCOPED_TRACE(entry.text);
    const Outcome whole = read_pieces({entry.text});
    EXPECT_EQ(whole.requests, entry.requests);
    EXPECT_EQ(whole.error_status, 0);
    expect_same_at_every_cut(entry.text, whole);
  }
}

struct Bad {
  int status;
  std::string_view text;
};

const std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\n";

// What two programs could read in two ways lets one of them be told what the other one never saw.
const Bad bad[] = {
    {400, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
    {400, "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
    {400, "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
    {400, "Content-Length: 5, 5\r\n\r\nhello"},
    {400, "Content-Length: +5\r\n\r\nhello"},
    {400, "Content-Length: -1\r\n\r\n"},
    {400, "Content-Length: 0x5\r\n\r\nhello"},
    {400, "Content-Length: 5 5\r\n\r\nhello"},
    {400, "Content-Length:\r\n\r\n"},
    {400, "Content-Length: 18446744073709551616\r\n\r\n"},
    {400, "Content-Length : 5\r\n\r\nhello"},
    {400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: identity\r\n\r\n"},
    {400, "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n5;a=b\rc\r\nhello\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n\r\n\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"},
    {413, "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n"},
    {400, "Transfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "X: a\r\n b\r\n\r\n"},
    {400, "X:\r\n b\r\n\r\n"},
    {400, "X: a\r\n \r\n\r\n"},
    {400, "X: a\r\n\tb\r\nY: c\r\n\r\n"},
    {400, "X: a\nY: b\r\n\r\n"},
    {400, "X: a\rY: b\r\n\r\n"},
    {400, "X: a\x01\r\n\r\n"},
    {400, "X y: a\r\n\r\n"},
    {400, ": a\r\n\r\n"},
    {400, " X: a\r\n\r\n"},
    {400, "Host: a\r\n\r\n"},
    {400, "Authorization: a\r\nAuthorization: b\r\n\r\n"},
    {400, "Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n"},
    {417, "Expect: the-unexpected\r\n\r\n"},
};

TEST(RequestParser, RefusesWhatIsAmbiguousAtEveryCut) {
  for (const Bad& entry : bad) {
    const std::string text = std::string(post).append(entry.text);
    SCOPED_TRACE(text);
    const Outcome whole = read_pieces({text});
    EXPECT_EQ(whole.error_status, entry.status);
    EXPECT_TRUE(whole.requests.empty());
    expect_same_at_every_cut(text, whole);
  }
}

TEST(RequestParser, RefusesRequestLinesThatAreNone) {
  for (const std::string_view line : {"GET /",
                                      "GET  / HTTP/1.1",
                                      "GET / HTTP/1.1 ",
                                      "GET / HTTP/2.0",
                                      "GET / HTTP/1.2",
                                      "GET / HTTP/1",
                                      "GET / http/1.1",
                                      " GET / HTTP/1.1",
                                      "G(T / HTTP/1.1",
                                      "GET a HTTP/1.1",
                                      "GET * HTTP/1.1",
                                      "GET /a\tb HTTP/1.1",
                                      "GET http:///a HTTP/1.1",
                                      "GET http://b/a HTTP/1.1",
                                      "GET ftp://a/b HTTP/1.1",
                                      "GET /%zz HTTP/1.1",
                                      "GET /../etc HTTP/1.1",
                                      "GET /a%2fb HTTP/1.1",
                                      "GET /%00 HTTP/1.1",
                                      "GET /#x HTTP/1.1",
                                      "PRI * HTTP/2.0"}) {
    const std::string text = std::string(line) + "\r\nHost: a\r\n\r\n";
    SCOPED_TRACE(text);
    const Outcome whole = read_pieces({text});
    EXPECT_EQ(whole.error_status, 400);
    expect_same_at_every_cut(text, whole);
  }
  // A line end alone ends nothing.
  EXPECT_EQ(read_pieces({"GET / HTTP/1.1\nHost: a\n\n"}).error_status, 400);
  EXPECT_EQ(read_pieces({"GET / HTTP/1.1\r\n\r\n"}).error_status, 400) << "no Host";
  EXPECT_EQ(read_pieces({"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"}).error_status,
            400);
  std::string empty_lines;
  for (int i = 0; i < 20; ++i) empty_lines += "\r\n";
  EXPECT_EQ(read_pieces({empty_lines}).error_status, 400);
}

std::string padded_header(std::size_t size) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  return text + std::string(size - text.size() - 4, 'x') + "\r\n\r\n";
}

TEST(RequestParser, HoldsTheLimitOfTheHeaderAtTheByte) {
  constexpr ParserLimits limits{
      .header_size_max = 500, .header_count_max = 5, .target_size_max = 100};
  for (const std::size_t size : {499U, 500U, 501U, 2000U}) {
    const std::string text = padded_header(size);
    ASSERT_EQ(text.size(), size);
    const int status = size <= 500 ? 0 : 431;
    EXPECT_EQ(read_pieces({text}, limits).error_status, status) << size;
    EXPECT_EQ(read_pieces(bytes_of(text), limits).error_status, status) << size;
    EXPECT_EQ(read_pieces({text + "after"}, limits).error_status, status) << size;
  }
  // Without an end, nothing is kept without end.
  const std::string endless = padded_header(3000).substr(0, 2900);
  EXPECT_EQ(read_pieces({endless}, limits).error_status, 431);
  EXPECT_EQ(read_pieces(bytes_of(endless), limits).error_status, 431);
  EXPECT_EQ(read_pieces({"GET /", std::string(5000, 'a')}, limits).error_status, 414);
}

TEST(RequestParser, HoldsTheLimitsOfTargetAndCount) {
  constexpr ParserLimits limits{
      .header_size_max = 500, .header_count_max = 5, .target_size_max = 100};
  for (const std::size_t size : {100U, 101U}) {
    const std::string text = "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const int status = size <= 100 ? 0 : 414;
    EXPECT_EQ(read_pieces({text}, limits).error_status, status);
    EXPECT_EQ(read_pieces(bytes_of(text), limits).error_status, status);
  }
  for (const int count : {5, 6}) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < count; ++i) text += "X" + std::to_string(i) + ": a\r\n";
    EXPECT_EQ(read_pieces({text + "\r\n"}, limits).error_status, count <= 5 ? 0 : 431);
  }
}

TEST(RequestParser, HoldsTheLimitOfTheBodyAtTheByte) {
  for (const std::size_t size : {9U, 10U, 11U}) {
    const std::string body(size, 'b');
    const int status = size <= 10 ? 0 : 413;
    const std::string text =
        std::string(post) + "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body;
    EXPECT_EQ(read_pieces({text}, {}, 10).error_status, status);
    EXPECT_EQ(read_pieces(bytes_of(text), {}, 10).error_status, status);
    std::string chunked = std::string(post) + "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i < size; ++i) chunked += "1\r\nb\r\n";
    chunked += "0\r\n\r\n";
    EXPECT_EQ(read_pieces({chunked}, {}, 10).error_status, status);
    EXPECT_EQ(read_pieces(bytes_of(chunked), {}, 10).error_status, status);
  }
}

TEST(RequestParser, BoundsWhatIsNoBody) {
  const std::string start = std::string(post) + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(read_pieces({start + "5;" + std::string(9000, 'x')}).error_status, 400);
  EXPECT_EQ(read_pieces({start + "0\r\nX: " + std::string(9000, 'x')}).error_status, 400);
}

TEST(RequestParser, KnowsWhatIsToCome) {
  Request request;
  RequestParser parser({});
  parser.start(request);
  EXPECT_FALSE(parser.has_started());
  std::size_t used = 0;
  const std::string text =
      std::string(post) + "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\nab";
  EXPECT_EQ(parser.feed(text, used), RequestParser::Step::header_done);
  EXPECT_TRUE(parser.has_started());
  EXPECT_TRUE(parser.has_body());
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_EQ(parser.content_length(), 3U);
  EXPECT_EQ(used, text.size() - 2);
  parser.limit_body(3);
  parser.discard_body();
  EXPECT_EQ(parser.feed("ab", used), RequestParser::Step::need_more);
  EXPECT_EQ(parser.feed("c", used), RequestParser::Step::complete);
  EXPECT_EQ(request.body, "");
}

}  // namespace
}  // namespace matsuri::http
