#include "http/internal/response_writer.h"

#include <charconv>
#include <ctime>

#include "base/log.h"

namespace matsuri::http {
namespace {

// Scripts, styles and data come from this server alone; a page may be framed by nobody.
constexpr std::string_view page_headers =
    "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; media-src blob:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "x-content-type-options: nosniff\r\n"
    "referrer-policy: same-origin\r\n"
    "cross-origin-opener-policy: same-origin\r\n"
    "cross-origin-resource-policy: same-origin\r\n"
    "permissions-policy: camera=(self), geolocation=(), microphone=(), payment=(), usb=()\r\n";

// What is no page may do nothing at all, should a browser ever take it for one.
constexpr std::string_view data_headers =
    "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "x-content-type-options: nosniff\r\n"
    "cross-origin-resource-policy: same-origin\r\n";

constexpr std::string_view transport_security =
    "strict-transport-security: max-age=31536000; includeSubDomains\r\n";

std::string_view status_line(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 201:
      return "HTTP/1.1 201 Created\r\n";
    case 202:
      return "HTTP/1.1 202 Accepted\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 303:
      return "HTTP/1.1 303 See Other\r\n";
    case 304:
      return "HTTP/1.1 304 Not Modified\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
      return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n";
    case 414:
      return "HTTP/1.1 414 URI Too Long\r\n";
    case 415:
      return "HTTP/1.1 415 Unsupported Media Type\r\n";
    case 417:
      return "HTTP/1.1 417 Expectation Failed\r\n";
    case 422:
      return "HTTP/1.1 422 Unprocessable Content\r\n";
    case 426:
      return "HTTP/1.1 426 Upgrade Required\r\n";
    case 429:
      return "HTTP/1.1 429 Too Many Requests\r\n";
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 500:
      return "HTTP/1.1 500 Internal Server Error\r\n";
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    default:
      return {};
  }
}

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// A line break in a value would let whoever chose the value write our headers.
bool is_header_text(std::string_view text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
  return true;
}

bool equals_any_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

ResponseWriter::ResponseWriter(bool behind_tls)
    : page_headers_(page_headers), data_headers_(data_headers) {
  if (!behind_tls) return;
  page_headers_ += transport_security;
  data_headers_ += transport_security;
}

void ResponseWriter::set_time(std::int64_t unix_ms) {
  const std::int64_t second = unix_ms / 1000;
  if (second == second_) return;
  second_ = second;
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = second;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  // Names of our own: strftime's depend on the locale.
  char text[64];
  const int size = std::snprintf(text, sizeof text, "date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                                 days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                                 parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  date_line_.assign(text, static_cast<std::size_t>(size));
}

void ResponseWriter::write_head(std::string& out, const Response& response,
                                const ResponseContext& context) {
  if (const std::string_view line = status_line(response.status); !line.empty()) {
    out += line;
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(response.status));
    out += " -\r\n";
  }
  out += date_line_;
  out += response.content_type.starts_with("text/html") ? page_headers_ : data_headers_;
  bool has_cache_control = false;
  for (const auto& [name, value] : response.headers) {
    if (!is_header_text(name) || !is_header_text(value)) {
      log::error("http", "a response header with control characters was dropped");
      continue;
    }
    has_cache_control = has_cache_control || equals_any_case(name, "cache-control");
    append_line(out, name, value);
  }
  if (!has_cache_control) out += "cache-control: no-store\r\n";
  if (!response.position.empty())
    append_line(out, "matsuri-position", response.position.to_token());
  if (context.rate.is_limited) {
    out += "ratelimit-limit: ";
    append_number(out, static_cast<std::uint64_t>(context.rate.limit));
    out += "\r\nratelimit-remaining: ";
    append_number(out, static_cast<std::uint64_t>(context.rate.remaining));
    out += "\r\nratelimit-reset: ";
    append_number(out, static_cast<std::uint64_t>(context.rate.reset_s));
    out += "\r\n";
  }
  if (!context.keep_alive)
    out += "connection: close\r\n";
  else if (context.is_http_1_0)
    out += "connection: keep-alive\r\n";
}

void ResponseWriter::write(std::string& out, const Response& response,
                           const ResponseContext& context) {
  write(out, response, response.body, context);
}

void ResponseWriter::write(std::string& out, const Response& response, std::string_view body,
                           const ResponseContext& context) {
  write_head(out, response, context);
  if (has_body(response.status)) {
    if (!response.content_type.empty()) append_line(out, "content-type", response.content_type);
    out += "content-length: ";
    append_number(out, body.size());
    out += "\r\n\r\n";
    if (!context.is_head) out += body;
  } else {
    out += "\r\n";
  }
}

void ResponseWriter::write_stream_head(std::string& out, const ResponseContext& context) {
  Response response;
  // Proxies that gather answers before they pass them on would gather this one for ever.
  response.headers.emplace_back("x-accel-buffering", "no");
  ResponseContext closing = context;
  closing.keep_alive = false;  // the end of the connection is the end of the answer
  write_head(out, response, closing);
  append_line(out, "content-type", "text/event-stream");
  out += "\r\n";
}

}  // namespace matsuri::http
