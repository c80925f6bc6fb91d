// Bytes from a disk that lies: two bytes of kind, then a stored event.
#include <cstdlib>

#include "base/bytes.h"
#include "model/event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (size < 2) return 0;
  const auto kind = static_cast<EventKind>(load<std::uint16_t>(bytes, 0));
  const Result<Event> event = decode(kind, bytes.subspan(2));
  if (!event.ok()) {
    if (event.error().code() != Code::corrupt && event.error().code() != Code::not_found)
      std::abort();
    return 0;
  }
  // What was read can be written, and is the same again.
  const std::string again = encode(*event);
  if (kind_of(*event) != kind || decode(kind, as_bytes(again)).value() != *event) std::abort();
  return 0;
}
