// Bytes of an inbox that anybody may have written: cut into pieces, they are all there, each whole
// record is found, and none that is not.
#include <cstdlib>

#include "journal/inbox.h"

namespace {

using namespace matsuri;
using namespace matsuri::journal;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes rest = std::as_bytes(std::span(data, size));
  while (!rest.empty()) {
    const InboxPiece piece = inbox_piece_at(rest);
    require(piece.size >= 1 && piece.size <= rest.size());
    const auto record = inbox_record_at(rest);
    require(record.has_value() == (piece.what == InboxPiece::What::record));
    if (record) {
      // All but the id is in the bytes, and comes out of them.
      const auto mark = load<std::uint64_t>(rest, offsetof(InboxHeader, mark));
      require(encode_inbox_record(record->header, record->payload, mark) ==
              as_text(rest.first(record->size)));
    } else {
      for (std::size_t at = 1; at < piece.size; ++at) require(!inbox_record_at(rest.subspan(at)));
    }
    if (piece.what == InboxPiece::What::open) {
      require(piece.size == rest.size() && piece.size < inbox_record_size_max);
      break;
    }
    rest = rest.subspan(piece.size);
  }
  return 0;
}
