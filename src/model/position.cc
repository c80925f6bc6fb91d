#include "model/position.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "model/base64url.h"

namespace matsuri {
namespace {

// A token's bytes: the version, then for each position
//   0  1  region
//   1  1  node
//   2  8  incarnation, little-endian
//  10  8  offset, little-endian, never 0
constexpr std::byte token_version{1};
constexpr std::size_t token_entry_size = 18;
constexpr std::size_t token_bytes_max = 1 + position_origin_count_max * token_entry_size;
static_assert(base64url_size(token_bytes_max) <= position_token_size_max);

constexpr unsigned region_max = 7;

std::string hex_of(std::uint64_t value) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, value >>= 4) *at = digits[value & 15];
  return text;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

// Digits only, without leading zeros, at most `max`.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  if (text.front() == '0' && text.size() > 1) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

Error bad_token(const char* why) {
  return {Code::invalid, std::string("the position token is not one of ours: ") + why};
}

}  // namespace

std::string Origin::to_string() const {
  return std::to_string(static_cast<unsigned>(region)) + '.' +
         std::to_string(static_cast<unsigned>(node)) + '.' + hex_of(incarnation);
}

std::string Position::to_string() const {
  return origin.to_string() + '.' + std::to_string(offset);
}

Result<Position> Position::parse(std::string_view text) {
  std::array<std::string_view, 4> parts;
  for (std::size_t index = 0; index < 3; ++index) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos)
      return Error(Code::invalid, "a position has the form region.node.incarnation.offset");
    parts[index] = text.substr(0, dot);
    text.remove_prefix(dot + 1);
  }
  parts[3] = text;
  const auto region = parse_decimal(parts[0], region_max);
  const auto node = parse_decimal(parts[1], 255);
  const auto incarnation = parse_hex(parts[2]);
  const auto offset = parse_decimal(parts[3], ~std::uint64_t{0});
  if (!region || !node || !incarnation || !offset)
    return Error(Code::invalid, "a position has the form region.node.incarnation.offset");
  return Position{.origin = {.region = static_cast<Region>(*region),
                             .node = static_cast<Node>(*node),
                             .incarnation = *incarnation},
                  .offset = *offset};
}

void PositionSet::raise(const Position& position) {
  if (position.offset == 0) return;
  const auto found = std::ranges::find(positions_, position.origin, &Position::origin);
  if (found == positions_.end()) {
    if (positions_.size() == position_origin_count_max) positions_.erase(positions_.begin());
    positions_.push_back(position);
    return;
  }
  if (found->offset >= position.offset) return;
  found->offset = position.offset;
  std::rotate(found, found + 1, positions_.end());
}

void PositionSet::raise(const PositionSet& other) {
  for (const Position& position : other.positions_) raise(position);
}

std::string PositionSet::to_token() const {
  std::array<std::byte, token_bytes_max> bytes;
  std::size_t size = 1;
  bytes[0] = token_version;
  for (const Position& position : positions_) {
    const MutableBytes entry = MutableBytes(bytes).subspan(size, token_entry_size);
    store(entry, 0, static_cast<std::uint8_t>(position.origin.region));
    store(entry, 1, static_cast<std::uint8_t>(position.origin.node));
    store(entry, 2, position.origin.incarnation);
    store(entry, 10, position.offset);
    size += token_entry_size;
  }
  return to_base64url(Bytes(bytes).first(size));
}

Result<PositionSet> PositionSet::from_token(std::string_view token) {
  if (token.size() > position_token_size_max) return bad_token("it is too long");
  std::array<std::byte, token_bytes_max> buffer;
  const std::size_t size = token.size() * 3 / 4;
  if (size > buffer.size() || !from_base64url(token, MutableBytes(buffer).first(size)))
    return bad_token("it is not base64url");
  if (size == 0 || buffer[0] != token_version) return bad_token("its version is unknown");
  if ((size - 1) % token_entry_size != 0) return bad_token("it is cut short");

  PositionSet set;
  for (std::size_t at = 1; at < size; at += token_entry_size) {
    const Bytes entry = Bytes(buffer).subspan(at, token_entry_size);
    const auto region = load<std::uint8_t>(entry, 0);
    const Position position = {.origin = {.region = static_cast<Region>(region),
                                          .node = static_cast<Node>(load<std::uint8_t>(entry, 1)),
                                          .incarnation = load<std::uint64_t>(entry, 2)},
                               .offset = load<std::uint64_t>(entry, 10)};
    if (region > region_max) return bad_token("there is no such region");
    if (position.offset == 0) return bad_token("a position is zero");
    if (std::ranges::find(set.positions_, position.origin, &Position::origin) !=
        set.positions_.end())
      return bad_token("an origin is named twice");
    set.positions_.push_back(position);
  }
  return set;
}

}  // namespace matsuri
