#include "closure/cgi.h"

#include <charconv>

#include "base/sentence.h"
#include "closure/request.h"

namespace matsuri::closure {
namespace {

constexpr std::string_view prefix = "/v1/checkin/";
constexpr std::string_view ticket_suffix = "/ticket";

http::Response check_in(const Cgi& cgi, const Service& service, journal::InboxWriter& inbox,
                        std::string_view programme) {
  if (!cgi.variable("CONTENT_TYPE").value_or("").starts_with("application/json"))
    return http::problem(415, "invalid", "Content-Type must be application/json");
  const std::string length = cgi.variable("CONTENT_LENGTH").value_or("");
  std::size_t size = 0;
  const auto [end, fault] = std::from_chars(length.data(), length.data() + length.size(), size);
  if (fault != std::errc() || end != length.data() + length.size())
    return http::problem(Error(Code::invalid, "the length of the body is needed"));
  if (size > body_size_max)
    return http::problem(413, "invalid", sentence("the body is over ", body_size_max, " bytes"));
  const std::string body = cgi.read_body(size);
  if (body.size() != size)
    return http::problem(Error(Code::invalid, "the body ends before its length"));
  const Result<http::Response> answer = [&]() -> Result<http::Response> {
    TRY_ASSIGN(Judged judged, service.check_in(programme, body));
    TRY(inbox.append(judged.header, as_bytes(encode(judged.event))));
    return std::move(judged.response);
  }();
  return answer.ok() ? *answer : http::problem(answer.error());
}

// `path=…`, alone: these are words that need no decoding.
Result<std::optional<std::string>> path_of(std::string_view query) {
  if (query.empty()) return std::nullopt;
  constexpr std::string_view name = "path=";
  if (!query.starts_with(name))
    return Error(Code::invalid, "the query has a parameter that is not known here");
  return std::string(query.substr(name.size()));
}

http::Response give_ticket(const Cgi& cgi, const Service& service, std::string_view programme) {
  const Result<http::Response> answer = [&]() -> Result<http::Response> {
    TRY_ASSIGN(const std::optional<std::string> path,
               path_of(cgi.variable("QUERY_STRING").value_or("")));
    return service.give_ticket(programme, cgi.variable("HTTP_MATSURI_PASS").value_or(""), path);
  }();
  return answer.ok() ? *answer : http::problem(answer.error());
}

http::Response answer(const Cgi& cgi, const Service& service, journal::InboxWriter& inbox) {
  const std::string path =
      cgi.variable("SCRIPT_NAME").value_or("") + cgi.variable("PATH_INFO").value_or("");
  const std::string method = cgi.variable("REQUEST_METHOD").value_or("");
  if (!path.starts_with(prefix))
    return http::problem(Error(Code::not_found, "there is nothing at this path"));
  std::string_view programme = std::string_view(path).substr(prefix.size());
  const bool wants_ticket = programme.ends_with(ticket_suffix);
  if (wants_ticket) programme.remove_suffix(ticket_suffix.size());
  if (method != (wants_ticket ? "GET" : "POST")) {
    http::Response response =
        http::problem(405, "invalid", "this path does not answer this method");
    response.headers.emplace_back("allow", wants_ticket ? "GET" : "POST");
    return response;
  }
  return wants_ticket ? give_ticket(cgi, service, programme)
                      : check_in(cgi, service, inbox, programme);
}

}  // namespace

std::string answer_cgi(const Cgi& cgi, const Service& service, journal::InboxWriter& inbox) {
  const http::Response response = answer(cgi, service, inbox);
  std::string out =
      sentence("Status: ", response.status, "\r\nContent-Type: ", response.content_type,
               "\r\nCache-Control: no-store\r\n");
  for (const auto& [name, value] : response.headers) out += sentence(name, ": ", value, "\r\n");
  return out + "\r\n" + response.body;
}

}  // namespace matsuri::closure
