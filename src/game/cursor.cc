#include "game/cursor.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "model/base64url.h"

namespace matsuri::game {
namespace {

using sequencer::slot_count;

constexpr std::size_t head_size = 10;  // world and number of places
constexpr std::size_t run_size = 4;

template <class T>
void append(std::vector<std::byte>& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
}

}  // namespace

void Cursor::raise(const sequencer::SlotSet& slots, std::uint64_t seq) {
  for (std::size_t slot = 0; slot < slot_count; ++slot)
    if (slots[slot]) seqs[slot] = std::max(seqs[slot], seq);
}

std::string Cursor::to_token() const {
  std::vector<std::uint64_t> places = seqs;
  std::ranges::sort(places);
  places.erase(std::ranges::unique(places).begin(), places.end());
  std::vector<std::byte> bytes;
  append(bytes, world);
  append(bytes, static_cast<std::uint16_t>(places.size()));
  for (const std::uint64_t place : places) append(bytes, place);
  for (std::size_t first = 0; first < slot_count;) {
    std::size_t end = first + 1;
    while (end < slot_count && seqs[end] == seqs[first]) ++end;
    append(bytes, static_cast<std::uint16_t>(end - first));
    append(bytes, static_cast<std::uint16_t>(std::ranges::lower_bound(places, seqs[first]) -
                                             places.begin()));
    first = end;
  }
  return "c" + to_base64url(bytes);
}

Result<Cursor> Cursor::from_token(std::string_view token) {
  const Error refused(Code::invalid, "is none that was given here");
  if (!token.starts_with('c') || token.size() > cursor_size_max) return refused;
  std::vector<std::byte> bytes((token.size() - 1) * 3 / 4);
  if (!from_base64url(token.substr(1), bytes) || bytes.size() < head_size) return refused;
  Cursor cursor(load<std::uint64_t>(bytes, 0));
  const std::size_t place_count = load<std::uint16_t>(bytes, 8);
  const std::size_t runs = head_size + place_count * 8;
  if (bytes.size() < runs || (bytes.size() - runs) % run_size != 0) return refused;
  std::size_t slot = 0;
  for (std::size_t at = runs; at < bytes.size(); at += run_size) {
    const std::size_t count = load<std::uint16_t>(bytes, at);
    const std::size_t place = load<std::uint16_t>(bytes, at + 2);
    if (place >= place_count || count > slot_count - slot) return refused;
    const auto seq = load<std::uint64_t>(bytes, head_size + place * 8);
    std::fill_n(cursor.seqs.begin() + static_cast<std::ptrdiff_t>(slot), count, seq);
    slot += count;
  }
  // Each cursor is written in one way.
  if (slot != slot_count || cursor.to_token() != token) return refused;
  return cursor;
}

}  // namespace matsuri::game
