// Bytes that claim to be a programme: refused, or a view in which everything can be read.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "program/show.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  // Exactly as long as the input, so that a read past its end is seen: lines end where it does.
  const std::size_t whole = size / program::alignment * program::alignment;
  program::Lines lines(whole / program::alignment);
  if (whole > 0) std::memcpy(lines.data(), data, whole);
  const Result<program::Show> show = program::Show::open(program::bytes_of(lines));
  if (!show.ok()) {
    if (show.error().code() != Code::corrupt) std::abort();
    return 0;
  }
  const match::Reference& reference = show->reference();
  volatile std::uint64_t sum = 0;  // so that nothing is left unread
  for (const std::int8_t cell : reference.rows) sum = sum + static_cast<std::uint8_t>(cell);
  for (std::uint32_t row = 0; row < reference.row_count; ++row)
    sum = sum + (reference.is_eligible(row) ? 1 : 0);
  for (const program::Window& window : show->about().windows)
    if (show->window_at(window.start_ms) != &window || show->window_at(window.end_ms) == &window)
      std::abort();
  if (!show->check().ok()) return 0;

  // What is whole has one form.
  std::vector<match::Row> rows(reference.row_count);
  std::memcpy(rows.data(), reference.rows.data(), reference.rows.size());
  const auto again = program::make_show(show->about(), rows, reference.eligible);
  if (!again.ok() || !std::ranges::equal(program::bytes_of(*again), program::bytes_of(lines)))
    std::abort();
  return 0;
}
