// Tickets come back from strangers. Nothing that was not signed counts, and one is written in one
// way only.
#include <cstdlib>
#include <string_view>

#include "ticket/ticket.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  static const ticket::Keys keys =
      ticket::Keys::parse(ticket::Keys::line_of(1, ticket::Secret{})).value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto opened = ticket::open_ticket(keys, text);
  if (opened.ok() ? ticket::seal(keys, opened.value()) != text
                  : opened.error().code() != Code::unauthenticated)
    std::abort();
  return 0;
}
