// Goal: whatever bytes come, and however they are cut, the parser gives the same answer and stays
// within its limits. Method: the same bytes whole, byte by byte, and cut as the input says.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "http/internal/request_parser.h"
#include "http/internal/static_files.h"
#include "text/unicode.h"

namespace matsuri::http {
namespace {

constexpr ParserLimits limits{.header_size_max = 300, .header_count_max = 8, .target_size_max = 64};
constexpr std::size_t body_size_max = 40;

struct Outcome {
  std::vector<std::string> requests;
  bool has_failed = false;

  bool operator==(const Outcome&) const = default;
};

void check(const Request& request) {
  MATSURI_ASSERT(request.headers.size() <= limits.header_count_max);
  MATSURI_ASSERT(request.body.size() <= body_size_max);
  MATSURI_ASSERT(text::is_utf8(request.path));
  for (const auto& [name, value] : request.headers) {
    MATSURI_ASSERT(!name.empty());
    for (const char c : name) MATSURI_ASSERT(c > ' ' && c != ':' && !(c >= 'A' && c <= 'Z'));
    for (const char c : value) MATSURI_ASSERT(c != '\r' && c != '\n' && c != '\0');
  }
  for (const std::string_view name : {"a", "limit"}) (void)request.query_parameter(name);
  (void)choose_encoding(request.header("accept-encoding"), true, true);
  (void)matches_etag(request.header("if-none-match"), "\"a\"");
}

// `next_cut` gives the sizes of the pieces.
template <class NextCut>
Outcome read(std::string_view bytes, NextCut next_cut) {
  Outcome outcome;
  RequestParser parser(limits);
  auto request = std::make_unique<Request>();
  parser.start(*request);
  std::string kept;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, next_cut());
    bytes.remove_prefix(piece.size());
    kept.append(piece);
    const std::vector<char> exact(kept.begin(), kept.end());  // a read past its end is seen
    std::string_view left(exact.data(), exact.size());
    for (bool wants_more = false; !wants_more;) {
      std::size_t used = 0;
      const RequestParser::Step step = parser.feed(left, used);
      MATSURI_ASSERT(used <= left.size());
      left.remove_prefix(used);
      if (step == RequestParser::Step::need_more) {
        wants_more = true;
      } else if (step == RequestParser::Step::header_done) {
        parser.limit_body(body_size_max);
      } else if (step == RequestParser::Step::failed) {
        MATSURI_ASSERT(parser.error().status >= 400 && parser.error().status < 600);
        outcome.has_failed = true;
        return outcome;
      } else {
        check(*request);
        std::string line(name_of(request->method));
        line += ' ' + request->path + '?' + request->query;
        for (const auto& [name, value] : request->headers) line += '\n' + name + ':' + value;
        outcome.requests.push_back(line + '\n' + request->body + (parser.keep_alive() ? "+" : "-"));
        request = std::make_unique<Request>();
        parser.start(*request);
      }
    }
    MATSURI_ASSERT(left.size() <= limits.header_size_max + (4 << 10));
    kept.assign(left);
  }
  return outcome;
}

}  // namespace
}  // namespace matsuri::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri::http;
  if (size < 4 || size > 2000) return 0;
  // The last four bytes say where to cut.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size - 4);
  const Outcome whole = read(bytes, [&] { return bytes.size(); });
  MATSURI_ASSERT(read(bytes, [] { return std::size_t{1}; }) == whole);
  std::size_t turn = 0;
  MATSURI_ASSERT(read(bytes, [&] { return std::size_t{1} + data[size - 4 + turn++ % 4]; }) ==
                 whole);
  return 0;
}
