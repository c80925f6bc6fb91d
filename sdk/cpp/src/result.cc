// See matsuri/result.h.
#include "matsuri/result.h"

namespace matsuri {

const char* name_of(Code code) {
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
    case Code::unreachable:
      return "unreachable";
  }
  return "";
}

}  // namespace matsuri
