#include "http/internal/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "http/internal/target.h"

namespace matsuri::http {
namespace {

namespace beast_http = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using BeastText = boost::beast::string_view;

std::string_view to_std(BeastText text) { return {text.data(), text.size()}; }

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_any_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return to_lower(a) == b; });
}

bool is_token(char c) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != std::string_view::npos;
}

// Headers that mean something else when they come twice: never joined, never chosen from.
bool is_singular(std::string_view name) {
  static constexpr std::string_view names[] = {
      "host",   "content-length", "transfer-encoding", "content-type",    "authorization",
      "origin", "last-event-id",  "idempotency-key",   "matsuri-position"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Empty lines that some clients send between requests (RFC 9112, 2.2).
constexpr std::size_t empty_line_count_max = 8;
constexpr std::size_t last_chunk_size = 5;
// A chunk's header, and everything after the last chunk.
constexpr std::size_t trailer_size_max = 4096;

struct MethodName {
  std::string_view name;
  Method method;
};
constexpr MethodName methods[] = {{"GET", Method::get},        {"HEAD", Method::head},
                                  {"POST", Method::post},      {"PUT", Method::put},
                                  {"PATCH", Method::patch},    {"DELETE", Method::del},
                                  {"OPTIONS", Method::options}};

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(const ParserLimits& given) : limits(given) {}

  void start(Request& into) {
    request = &into;
    message.emplace(*this);
    message->eager(false);
    message->body_limit(boost::none);
    message->header_limit(static_cast<std::uint32_t>(limits.header_size_max + 1));
    error = {};
    scanned_size = line_start = 0;
    empty_lines = 0;
    host_count = 0;
    refused_method = 0;
    content_length = 0;
    is_1_0 = has_started = header_done = chunked = discard = expects_continue = false;
    authority.clear();
    body_size = 0;
    body_size_max = 0;
  }

  Step feed(std::string_view bytes, std::size_t& used);
  void on_request_line(BeastText method, BeastText target, int version);
  void on_field(BeastText name, BeastText value);
  void on_header();
  std::size_t on_body(BeastText bytes);
  void fail(int status, std::string_view detail) {
    if (error.status == 0) error = {.status = status, .detail = detail};
  }

  // Beast's parser calls back through virtual functions; an error of ours stops it by `ec`.
  class Message final : public beast_http::basic_parser<true> {
   public:
    explicit Message(Impl& owner) : owner_(owner) {}

   private:
    void check(ErrorCode& ec) const {
      if (owner_.error.status != 0) ec = beast_http::error::bad_value;
    }
    void on_request_impl(beast_http::verb, BeastText method, BeastText target, int version,
                         ErrorCode& ec) override {
      owner_.on_request_line(method, target, version);
      check(ec);
    }
    void on_response_impl(int, BeastText, int, ErrorCode&) override {}
    void on_field_impl(beast_http::field, BeastText name, BeastText value, ErrorCode& ec) override {
      owner_.on_field(name, value);
      check(ec);
    }
    void on_header_impl(ErrorCode& ec) override {
      owner_.on_header();
      check(ec);
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode& ec) override {
      ec = {};
    }
    std::size_t on_body_impl(BeastText bytes, ErrorCode& ec) override {
      ec = {};
      const std::size_t size = owner_.on_body(bytes);
      check(ec);
      return size;
    }
    void on_chunk_header_impl(std::uint64_t size, BeastText, ErrorCode& ec) override {
      if (size > owner_.body_size_max - std::min(owner_.body_size_max, owner_.body_size))
        owner_.fail(413, "the body is too large");
      check(ec);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastText bytes, ErrorCode& ec) override {
      return on_body_impl(bytes, ec);
    }
    void on_finish_impl(ErrorCode& ec) override { ec = {}; }

    Impl& owner_;
  };

  ParserLimits limits;
  Request* request = nullptr;
  std::optional<Message> message;
  ParseError error;
  std::size_t scanned_size = 0;  // of the header, for its end
  std::size_t line_start = 0;
  std::size_t empty_lines = 0;
  std::size_t host_count = 0;
  std::size_t body_size = 0;
  std::size_t body_size_max = 0;
  std::uint64_t content_length = 0;
  int refused_method = 0;
  bool is_1_0 = false;
  bool has_started = false;
  bool header_done = false;
  bool chunked = false;
  bool discard = false;
  bool expects_continue = false;
  std::string authority;
  const char* input_end = nullptr;

 private:
  Step read_header(std::string_view bytes, std::size_t& used);
  Step read_body(std::string_view bytes, std::size_t& used);
  std::size_t find_header_end(std::string_view bytes);
  bool skip_empty_lines(std::string_view bytes, std::size_t& used);
  void fail_with(const ErrorCode& ec);
};

// False where more bytes are needed to tell.
bool RequestParser::Impl::skip_empty_lines(std::string_view bytes, std::size_t& used) {
  while (bytes.size() - used >= 2 && bytes[used] == '\r' && bytes[used + 1] == '\n') {
    used += 2;
    if (++empty_lines > empty_line_count_max) fail(400, "there is no request line");
  }
  const std::size_t left = bytes.size() - used;
  if (left == 0 || (left == 1 && bytes[used] == '\r')) return false;
  has_started = true;
  // Whoever speaks something else should not have to wait for the end of a header.
  if (!is_token(bytes[used])) fail(400, "this is not HTTP/1.1");
  return true;
}

RequestParser::Step RequestParser::Impl::feed(std::string_view bytes, std::size_t& used) {
  used = 0;
  if (error.status == 0 && !has_started && !skip_empty_lines(bytes, used) && error.status == 0)
    return Step::need_more;
  if (error.status != 0) return Step::failed;
  return header_done ? read_body(bytes, used) : read_header(bytes.substr(used), used);
}

// The size of the header with the empty line that ends it; 0 while that is not there yet, or after
// fail(). What it decides, it decides by the bytes up to one place: so no cut changes it.
std::size_t RequestParser::Impl::find_header_end(std::string_view bytes) {
  for (;;) {
    const std::size_t end = std::min(bytes.find('\n', scanned_size), bytes.size());
    if (line_start == 0 && end > std::min(limits.target_size_max + 32, limits.header_size_max)) {
      fail(414, "the address is too long");
      return 0;
    }
    if (end >= limits.header_size_max) {
      fail(431, "the headers are too large");
      return 0;
    }
    scanned_size = end;
    if (end == bytes.size()) return 0;
    if (end == line_start || bytes[end - 1] != '\r') {
      fail(400, "a line ends without a carriage return");
      return 0;
    }
    scanned_size = end + 1;
    if (end == line_start + 1) return scanned_size;
    line_start = scanned_size;
  }
}

RequestParser::Step RequestParser::Impl::read_header(std::string_view bytes, std::size_t& used) {
  const std::size_t size = find_header_end(bytes);
  if (error.status != 0) return Step::failed;
  if (size == 0) return Step::need_more;
  input_end = bytes.data() + size;
  ErrorCode ec;
  used += message->put({bytes.data(), size}, ec);
  if (ec) fail_with(ec);
  if (error.status == 0 && !header_done) fail(400, "the headers are malformed");
  return error.status != 0 ? Step::failed : Step::header_done;
}

RequestParser::Step RequestParser::Impl::read_body(std::string_view bytes, std::size_t& used) {
  while (!message->is_done()) {
    std::string_view rest = bytes.substr(used);
    // No body in chunks ends within less than "0\r\n\r\n", and Beast asserts that it never sees
    // less when it comes back to the last chunk.
    if (rest.size() < (chunked ? last_chunk_size : 1)) return Step::need_more;
    if (chunked) rest = rest.substr(0, trailer_size_max);
    input_end = rest.data() + rest.size();
    ErrorCode ec;
    const std::size_t size = message->put({rest.data(), rest.size()}, ec);
    used += size;
    if (ec && ec != beast_http::error::need_more) fail_with(ec);
    if (size == 0 && rest.size() == trailer_size_max)
      fail(400, "a chunk's header or the trailer is too long");
    if (error.status != 0) return Step::failed;
    if (size == 0) return Step::need_more;
  }
  return Step::complete;
}

void RequestParser::Impl::fail_with(const ErrorCode& ec) {
  using E = beast_http::error;
  if (ec == E::header_limit) return fail(431, "the headers are too large");
  if (ec == E::bad_version) return fail(400, "the version is neither HTTP/1.0 nor HTTP/1.1");
  if (ec == E::bad_method) return fail(400, "the method is not a token");
  if (ec == E::bad_target) return fail(400, "the request target is malformed");
  if (ec == E::bad_field) return fail(400, "a header's name is malformed");
  if (ec == E::bad_value) return fail(400, "a header's value is malformed");
  if (ec == E::bad_content_length || ec == E::multiple_content_length)
    return fail(400, "Content-Length is malformed, or contradicts itself");
  if (ec == E::bad_transfer_encoding) return fail(400, "Transfer-Encoding is malformed");
  if (ec == E::bad_chunk || ec == E::bad_chunk_extension) return fail(400, "a chunk is malformed");
  fail(400, "the request is malformed");
}

void RequestParser::Impl::on_request_line(BeastText method, BeastText raw_target, int version) {
  is_1_0 = version == 10;
  const auto* known = std::find_if(std::begin(methods), std::end(methods),
                                   [&](const auto& entry) { return entry.name == to_std(method); });
  if (known != std::end(methods)) {
    request->method = known->method;
  } else {
    refused_method = to_std(method) == "TRACE" ? 405 : 501;
    return;  // whose target may have another form
  }
  if (raw_target.size() > limits.target_size_max) return fail(414, "the address is too long");
  auto target = parse_target(to_std(raw_target));
  if (!target.ok()) return fail(400, "the request target is malformed");
  if (target->path == "*" && request->method != Method::options)
    return fail(400, "the request target * is for OPTIONS");
  request->path = std::move(target->path);
  request->query = std::move(target->query);
  authority = target->authority;
}

void RequestParser::Impl::on_field(BeastText raw_name, BeastText raw_value) {
  const std::string_view value = to_std(raw_value);
  // Beast joins lines that go on. Then the value lies elsewhere, or after a line end.
  const std::less<const char*> before;
  const char* const name_end = raw_name.data() + raw_name.size();
  const char* const value_start = value.data();
  const bool is_elsewhere = before(value_start, name_end) || before(input_end, value_start);
  if (is_elsewhere || std::find(name_end, value_start, '\n') != value_start)
    return fail(400, "a header goes on in the next line");

  std::string name(raw_name.size(), '\0');
  std::transform(raw_name.begin(), raw_name.end(), name.begin(), to_lower);
  if (header_done) {  // A trailer. None means anything to us; some would mean something to a proxy.
    if (is_singular(name)) fail(400, "a header that may not be there is in the trailer");
    return;
  }
  if (request->headers.size() >= limits.header_count_max)
    return fail(431, "there are too many headers");
  if (name == "content-length") {
    if (value.empty() ||
        !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return fail(400, "Content-Length is not a number");
  } else if (name == "transfer-encoding") {
    if (is_1_0) return fail(400, "Transfer-Encoding is not part of HTTP/1.0");
    if (!equals_any_case(value, "chunked"))
      return fail(400, "the only Transfer-Encoding known is chunked");
    chunked = true;
  } else if (name == "host") {
    ++host_count;
    if (!is_host(value)) return fail(400, "Host is malformed");
  } else if (name == "expect") {
    if (!equals_any_case(value, "100-continue")) return fail(417, "unknown expectation");
    expects_continue = !is_1_0;
  }
  for (auto& [known, known_value] : request->headers) {
    if (known != name) continue;
    if (is_singular(name)) return fail(400, "a header that may come once came twice");
    known_value.append(name == "cookie" ? "; " : ", ").append(value);
    return;
  }
  request->headers.emplace_back(std::move(name), std::string(value));
}

void RequestParser::Impl::on_header() {
  header_done = true;
  if (host_count == 0 && !is_1_0) return fail(400, "HTTP/1.1 needs a Host header");
  if (!authority.empty() && host_count > 0) {
    const std::string_view host = request->header("host");
    if (!std::equal(host.begin(), host.end(), authority.begin(), authority.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); }))
      return fail(400, "Host and the request target name different hosts");
  }
  if (!chunked) content_length = message->content_length().value_or(0);
}

std::size_t RequestParser::Impl::on_body(BeastText bytes) {
  if (bytes.size() > body_size_max - std::min(body_size_max, body_size)) {
    fail(413, "the body is too large");
    return 0;
  }
  body_size += bytes.size();
  if (!discard) request->body.append(bytes.data(), bytes.size());
  return bytes.size();
}

RequestParser::RequestParser(const ParserLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

void RequestParser::start(Request& request) { impl_->start(request); }
RequestParser::Step RequestParser::feed(std::string_view bytes, std::size_t& used) {
  return impl_->feed(bytes, used);
}
void RequestParser::limit_body(std::size_t size_max) { impl_->body_size_max = size_max; }
void RequestParser::discard_body() { impl_->discard = true; }
bool RequestParser::has_started() const { return impl_->has_started; }
bool RequestParser::is_header_done() const { return impl_->header_done; }
const ParseError& RequestParser::error() const { return impl_->error; }
bool RequestParser::keep_alive() const { return impl_->message->keep_alive(); }
bool RequestParser::is_http_1_0() const { return impl_->is_1_0; }
bool RequestParser::has_body() const { return impl_->chunked || impl_->content_length > 0; }
bool RequestParser::is_chunked() const { return impl_->chunked; }
std::uint64_t RequestParser::content_length() const { return impl_->content_length; }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
int RequestParser::refused_method() const { return impl_->refused_method; }

}  // namespace matsuri::http
