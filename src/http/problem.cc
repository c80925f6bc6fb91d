// The one table from codes to HTTP statuses, and the body of every error answer (RFC 9457).
#include "base/log.h"
#include "http/message.h"
#include "json/writer.h"
#include "text/unicode.h"

namespace matsuri::http {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "The request is wrong";
    case 401:
      return "Sign in first";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "The request took too long";
    case 409:
      return "Changed meanwhile";
    case 413:
      return "The body is too large";
    case 414:
      return "The address is too long";
    case 415:
      return "The body is of the wrong type";
    case 417:
      return "Expectation failed";
    case 422:
      return "The request contradicts an earlier one";
    case 426:
      return "This is a WebSocket";
    case 429:
      return "Too many requests";
    case 431:
      return "The headers are too large";
    case 501:
      return "No such method";
    case 503:
      return "Not now";
    default:
      return "The server failed";
  }
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::exhausted:
      return 429;
    case Code::busy:
    case Code::io:
      return 503;
    case Code::corrupt:
      return 500;
    case Code::unauthenticated:
      return 401;
  }
  return 500;
}

Response problem(int status, std::string_view code, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  // A message may quote what a client sent.
  if (!text::is_utf8(detail)) detail = title_of(status);
  json::Writer(response.body)
      .begin_object()
      .field("type", "about:blank")
      .field("title", title_of(status))
      .field("status", status)
      .field("code", code)
      .field("detail", detail)
      .end_object();
  // A client that retries at once makes what it suffers from worse.
  if (status == 429 || status == 503) response.headers.emplace_back("retry-after", "1");
  if (status == 401) response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

Response problem(const Error& error) {
  const int status = status_of(error.code());
  if (error.code() != Code::io && error.code() != Code::corrupt)
    return problem(status, name_of(error.code()), error.message());
  // What failed inside is the operator's to know.
  log::error("http", "a request failed", {{"error", error.to_string()}});
  return problem(status, name_of(error.code()), "the server could not do this");
}

}  // namespace matsuri::http
