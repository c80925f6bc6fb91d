// Numbers of a query, and the two parameters that every list of the API takes: ?limit=&before=.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "model/cursor.h"

namespace matsuri::http {

struct PageParameters {
  std::size_t count_max = 0;
  std::uint64_t before = 0;  // 0 where it is not given
};

// ?name=, a number of the query. Code::invalid where it is none from `min` to `max`.
Result<std::int64_t> number_of(const Request& request, std::string_view name,
                               std::int64_t otherwise, std::int64_t min, std::int64_t max);

// ?limit= alone. Code::invalid where it is no number from 1 to `limit_max`.
Result<std::size_t> limit_of(const Request& request, std::size_t limit_default,
                             std::size_t limit_max);

// Code::invalid where `limit` is no number from 1 to `limit_max`, or `before` is nothing that a
// `next` may be.
Result<PageParameters> page_of(const Request& request, std::size_t limit_default,
                               std::size_t limit_max);

// The same of a list whose `next` is a Cursor.
struct CursorPageParameters {
  std::size_t count_max = 0;
  Cursor before;
};
Result<CursorPageParameters> cursor_page_of(const Request& request, std::size_t limit_default,
                                            std::size_t limit_max);

}  // namespace matsuri::http
