#include <algorithm>
#include <cstring>

#include "timeline/internal/digest.h"

namespace matsuri::timeline::internal {
namespace {

// Multiplies to 128 bits and folds the halves: the step of wyhash.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t odd[] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3};

std::uint64_t digest(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t state = fold(seed ^ odd[0], bytes.size() ^ odd[1]);
  for (std::size_t place = 0; place < bytes.size(); place += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + place, std::min<std::size_t>(8, bytes.size() - place));
    state = fold(state ^ word ^ odd[1], odd[2]);
  }
  return state;
}

std::uint64_t as_id(std::uint64_t state) {
  const std::uint64_t id = fold(state ^ odd[2], odd[0]) >> 1;
  return id == 0 ? 1 : id;
}

}  // namespace

std::uint64_t guard_digest(const GuardContent& content) {
  std::uint64_t state = fold(content.community.value ^ odd[0], odd[1]);
  state = fold(content.parent.value ^ state, odd[2]);
  state = digest(content.text, state);
  if (!content.drawing.empty()) state = digest(content.drawing, state);
  return as_id(state);
}

std::uint64_t drawing_digest(std::string_view stored) {
  return stored.empty() ? 0 : as_id(digest(stored, 1));
}

}  // namespace matsuri::timeline::internal
