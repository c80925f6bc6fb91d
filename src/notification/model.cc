#include "notification/model.h"

#include "text/unicode.h"

namespace matsuri::notification {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::empathy:
      return "empathy";
    case Kind::comment:
      return "comment";
    case Kind::thread:
      return "thread";
    case Kind::follow:
      return "follow";
  }
  return "";
}

bool Settings::takes(Kind kind) const {
  switch (kind) {
    case Kind::empathy:
      return empathy;
    case Kind::comment:
      return comment;
    case Kind::thread:
      return thread;
    case Kind::follow:
      return follow;
  }
  return false;
}

std::string excerpt_of(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t points = 0; points < excerpt_points_max && end < text.size(); ++points)
    end += text::point_at(text, end).size;
  return std::string(text.substr(0, end));
}

}  // namespace matsuri::notification
