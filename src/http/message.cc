// What routes do with a request: look up headers and parameters.
#include "http/message.h"

#include "base/assert.h"
#include "base/log.h"
#include "http/internal/target.h"
#include "text/unicode.h"

namespace matsuri::http {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
  }
  return "";
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::string_view Request::path_parameter(std::string_view name) const {
  for (const auto& [key, value] : path_parameters)
    if (key == name) return value;
  MATSURI_ASSERT(false, "the route's pattern has no such parameter");
  return {};
}

Result<std::optional<std::string>> Request::query_parameter(std::string_view name) const {
  std::optional<std::string> found;
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    const auto key = decode_percent(pair.substr(0, equals), Plus::is_space);
    if (!key || *key != name) continue;
    if (found)
      return Error(Code::invalid, "query parameter " + std::string(name) + " is given twice");
    auto value = equals == std::string_view::npos
                     ? std::string()
                     : decode_percent(pair.substr(equals + 1), Plus::is_space);
    if (!value || !text::is_utf8(*value)) {
      return Error(Code::invalid,
                   "query parameter " + std::string(name) + " is not percent-encoded UTF-8");
    }
    found = std::move(*value);
  }
  return found;
}

Responder::~Responder() {
  if (!sink_) return;
  log::error("http", "a handler dropped a request without an answer");
  sink_->send(problem(500, "internal", "the server failed to answer this request"));
}

}  // namespace matsuri::http
