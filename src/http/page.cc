#include "http/page.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace matsuri::http {
namespace {

// `parse` gives nullopt for what no `next` may be. nullopt where there is no parameter.
template <class T>
Result<std::optional<T>> before_of(const Request& request,
                                   std::optional<T> (*parse)(std::string_view)) {
  TRY_ASSIGN(const auto before, request.query_parameter("before"));
  if (!before) return std::nullopt;
  const std::optional<T> cursor = parse(*before);
  if (!cursor) return Error(Code::invalid, "before: the `next` of another page is taken");
  return cursor;
}

}  // namespace

Result<std::size_t> limit_of(const Request& request, std::size_t limit_default,
                             std::size_t limit_max) {
  TRY_ASSIGN(const auto limit, request.query_parameter("limit"));
  if (!limit) return limit_default;
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), count);
  if (error != std::errc() || end != limit->data() + limit->size() || count < 1 ||
      count > limit_max)
    return Error(Code::invalid,
                 "limit: a number from 1 to " + std::to_string(limit_max) + " is taken");
  return count;
}

Result<PageParameters> page_of(const Request& request, std::size_t limit_default,
                               std::size_t limit_max) {
  PageParameters page;
  TRY_ASSIGN(page.count_max, limit_of(request, limit_default, limit_max));
  TRY_ASSIGN(const auto before, before_of(request, &parse_id));
  page.before = before.value_or(0);
  return page;
}

Result<CursorPageParameters> cursor_page_of(const Request& request, std::size_t limit_default,
                                            std::size_t limit_max) {
  CursorPageParameters page;
  TRY_ASSIGN(page.count_max, limit_of(request, limit_default, limit_max));
  TRY_ASSIGN(const auto before, before_of(request, &parse_cursor));
  page.before = before.value_or(Cursor{});
  return page;
}

}  // namespace matsuri::http
