#include "base/result.h"

namespace matsuri {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::denied:
      return "denied";
    case Code::not_found:
      return "not_found";
    case Code::conflict:
      return "conflict";
    case Code::exhausted:
      return "exhausted";
    case Code::busy:
      return "busy";
    case Code::io:
      return "io";
    case Code::corrupt:
      return "corrupt";
    case Code::unauthenticated:
      return "unauthenticated";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string text(name_of(code_));
  text += ": ";
  text += message_;
  return text;
}

Error Error::within(std::string_view context) && {
  std::string message(context);
  message += ": ";
  message += message_;
  return {code_, std::move(message)};
}

}  // namespace matsuri
