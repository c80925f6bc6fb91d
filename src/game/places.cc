#include "game/places.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "model/base64url.h"

namespace matsuri::game {
namespace {

constexpr std::size_t place_size = 16;

}  // namespace

std::optional<std::uint64_t> Places::find(std::uint64_t incarnation) const {
  const auto found = std::ranges::find(all, incarnation, &Place::incarnation);
  if (found == all.end()) return std::nullopt;
  return found->seq;
}

void Places::raise(std::uint64_t incarnation, std::uint64_t seq) {
  const auto found = std::ranges::find(all, incarnation, &Place::incarnation);
  if (found == all.end())
    all.push_back({incarnation, seq});
  else
    found->seq = std::max(found->seq, seq);
}

std::string Places::to_token() const {
  std::vector<std::byte> bytes(all.size() * place_size);
  for (std::size_t i = 0; i < all.size(); ++i) {
    store<std::uint64_t>(bytes, i * place_size, all[i].incarnation);
    store<std::uint64_t>(bytes, i * place_size + 8, all[i].seq);
  }
  return "g" + to_base64url(bytes);
}

Result<Places> Places::from_token(std::string_view token) {
  const Error refused(Code::invalid, "is none that was given here");
  if (!token.starts_with('g')) return refused;
  token.remove_prefix(1);
  const std::size_t size = token.size() * 3 / 4;
  if (size % place_size != 0 || size / place_size > shard_count_max) return refused;
  std::vector<std::byte> bytes(size);
  if (!from_base64url(token, bytes)) return refused;
  Places places;
  for (std::size_t at = 0; at < size; at += place_size) {
    const Place place{load<std::uint64_t>(bytes, at), load<std::uint64_t>(bytes, at + 8)};
    if (std::ranges::find(places.all, place.incarnation, &Place::incarnation) != places.all.end())
      return refused;
    places.all.push_back(place);
  }
  return places;
}

}  // namespace matsuri::game
