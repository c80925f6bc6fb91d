// Files that the binary carries, in the form that the client can read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/internal/route_table.h"
#include "http/message.h"
#include "http/server.h"

namespace matsuri::http {

enum class Encoding : std::uint8_t { identity, gzip, brotli };

// The best of what is there by Accept-Encoding (RFC 9110, 12.5.3): the client's weights first, then
// brotli before gzip before identity. Identity where the client refuses all.
Encoding choose_encoding(std::string_view accept_encoding, bool has_gzip, bool has_brotli);

// Does If-None-Match name this tag?
bool matches_etag(std::string_view if_none_match, std::string_view etag);

class StaticFiles {
 public:
  // The content must stay for as long as this.
  StaticFiles(std::vector<StaticFile> files, std::span<const std::string_view> page_routes);

  // The file of a path; for a page route, "/". Null where there is none.
  const StaticFile* find(std::string_view path) const;
  // 200 or 304, and the bytes that follow the head: not copied into the response.
  static Response answer(const StaticFile& file, const Request& request, std::string_view& body);

 private:
  std::vector<StaticFile> files_;
  std::unordered_map<std::string_view, const StaticFile*> by_path_;
  RouteTable pages_;
};

}  // namespace matsuri::http
