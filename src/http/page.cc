#include "http/page.h"

#include <charconv>
#include <string>

namespace matsuri::http {

Result<PageParameters> page_of(const Request& request, std::size_t limit_default,
                               std::size_t limit_max) {
  PageParameters page{.count_max = limit_default};
  TRY_ASSIGN(const auto limit, request.query_parameter("limit"));
  if (limit) {
    const auto [end, error] =
        std::from_chars(limit->data(), limit->data() + limit->size(), page.count_max);
    if (error != std::errc() || end != limit->data() + limit->size() || page.count_max < 1 ||
        page.count_max > limit_max)
      return Error(Code::invalid,
                   "limit: a number from 1 to " + std::to_string(limit_max) + " is taken");
  }
  TRY_ASSIGN(const auto before, request.query_parameter("before"));
  if (before) {
    const auto cursor = parse_id(*before);
    if (!cursor) return Error(Code::invalid, "before: the `next` of another page is taken");
    page.before = *cursor;
  }
  return page;
}

}  // namespace matsuri::http
