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

Result<std::int64_t> number_of(const Request& request, std::string_view name,
                               std::int64_t otherwise, std::int64_t min, std::int64_t max) {
  TRY_ASSIGN(const auto text, request.query_parameter(name));
  if (!text) return otherwise;
  std::int64_t number = 0;
  const char* const last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error != std::errc() || end != last || number < min || number > max)
    return Error(Code::invalid, std::string(name) + ": a number from " + std::to_string(min) +
                                    " to " + std::to_string(max) + " is taken");
  return number;
}

Result<std::size_t> limit_of(const Request& request, std::size_t limit_default,
                             std::size_t limit_max) {
  TRY_ASSIGN(const std::int64_t limit,
             number_of(request, "limit", static_cast<std::int64_t>(limit_default), 1,
                       static_cast<std::int64_t>(limit_max)));
  return static_cast<std::size_t>(limit);
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
