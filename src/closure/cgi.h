// A closure as a CGI program (RFC 3875): the request in the environment and on standard input, the
// answer on standard output. One process a request; the record goes to an inbox file by one append.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "closure/service.h"
#include "io/file.h"
#include "journal/inbox.h"

namespace matsuri::closure {

struct Cgi {
  // A variable of the environment; nullopt where it is not set.
  std::function<std::optional<std::string>(const char*)> variable;
  // Reads exactly so many bytes of the body; fewer where it ends before.
  std::function<std::string(std::size_t)> read_body;
};

// The whole answer, header and body. The path is SCRIPT_NAME and PATH_INFO one behind the other, as
// `ScriptAlias /v1/checkin/PROGRAMME …/show.checkin` makes them. Reads at most body_size_max bytes.
std::string answer_cgi(const Cgi& cgi, const Service& service, journal::InboxWriter& inbox);

}  // namespace matsuri::closure
