#include "http/internal/static_files.h"

#include <algorithm>

namespace matsuri::http {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view next_of_list(std::string_view& rest) {
  const std::string_view item = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(rest.size(), item.size() + 1));
  return trim(item);
}

bool equals_any_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

// Thousandths of "q=0.5"; -1 for what is no weight.
int weight_of(std::string_view parameters) {
  parameters = trim(parameters);
  if (parameters.empty()) return 1000;
  if (parameters.size() < 3 || (parameters[0] != 'q' && parameters[0] != 'Q') ||
      parameters[1] != '=')
    return -1;
  const std::string_view text = parameters.substr(2);
  if (text[0] != '0' && text[0] != '1') return -1;
  int weight = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return -1;
  int unit = 100;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9' || i > 4) return -1;
    weight += (text[i] - '0') * unit;
  }
  return std::min(weight, 1000);
}

std::string tag_of(const StaticFile& file, Encoding encoding) {
  // Each form is a representation of its own, so it has a tag of its own.
  std::string_view bare = file.etag;
  if (bare.size() >= 2 && bare.front() == '"') bare = bare.substr(1, bare.size() - 2);
  std::string tag = "\"" + std::string(bare);
  if (encoding == Encoding::gzip) tag += "-gz";
  if (encoding == Encoding::brotli) tag += "-br";
  return tag + "\"";
}

}  // namespace

Encoding choose_encoding(std::string_view accept_encoding, bool has_gzip, bool has_brotli) {
  int brotli = -1;  // -1: not named
  int gzip = -1;
  int identity = -1;
  int any = -1;
  for (std::string_view rest = accept_encoding; !rest.empty();) {
    const std::string_view item = next_of_list(rest);
    const std::size_t semicolon = item.find(';');
    const std::string_view name = trim(item.substr(0, semicolon));
    const int weight =
        weight_of(semicolon == std::string_view::npos ? "" : item.substr(semicolon + 1));
    if (weight < 0) continue;
    if (equals_any_case(name, "br")) brotli = weight;
    if (equals_any_case(name, "gzip") || equals_any_case(name, "x-gzip")) gzip = weight;
    if (equals_any_case(name, "identity")) identity = weight;
    if (name == "*") any = weight;
  }
  if (brotli < 0) brotli = std::max(any, 0);
  if (gzip < 0) gzip = std::max(any, 0);
  if (!has_brotli) brotli = 0;
  if (!has_gzip) gzip = 0;
  // Identity is always allowed unless it is refused, but only a fallback unless it is named.
  if (brotli > 0 && brotli >= gzip && brotli >= identity) return Encoding::brotli;
  if (gzip > 0 && gzip >= identity) return Encoding::gzip;
  return Encoding::identity;
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  for (std::string_view rest = if_none_match; !rest.empty();) {
    std::string_view tag = next_of_list(rest);
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

StaticFiles::StaticFiles(std::vector<StaticFile> files,
                         std::span<const std::string_view> page_routes)
    : files_(std::move(files)) {
  for (const StaticFile& file : files_) by_path_.emplace(file.path, &file);
  for (const std::string_view page : page_routes) {
    if (page == "/") continue;
    pages_.add(Route{.method = Method::get,
                     .pattern = std::string(page),
                     .options = {},
                     .handler = {},
                     .stream = {}});
  }
}

const StaticFile* StaticFiles::find(std::string_view path) const {
  const auto exact = by_path_.find(path);
  if (exact != by_path_.end()) return exact->second;
  if (!pages_.find(Method::get, path).route) return nullptr;
  const auto root = by_path_.find("/");
  return root == by_path_.end() ? nullptr : root->second;
}

Response StaticFiles::answer(const StaticFile& file, const Request& request,
                             std::string_view& body) {
  const Encoding encoding =
      choose_encoding(request.header("accept-encoding"), !file.gzip.empty(), !file.brotli.empty());
  const std::string tag = tag_of(file, encoding);
  Response response;
  response.content_type = file.content_type;
  response.headers = {
      {"etag", tag},
      {"vary", "accept-encoding"},
      {"cache-control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (matches_etag(request.header("if-none-match"), tag)) {
    response.status = 304;
    body = {};
    return response;
  }
  body = as_text(file.identity);
  if (encoding == Encoding::gzip) body = as_text(file.gzip);
  if (encoding == Encoding::brotli) body = as_text(file.brotli);
  if (encoding == Encoding::gzip) response.headers.emplace_back("content-encoding", "gzip");
  if (encoding == Encoding::brotli) response.headers.emplace_back("content-encoding", "br");
  return response;
}

}  // namespace matsuri::http
