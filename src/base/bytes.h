// Views of raw bytes, and the little-endian integers that our stored formats are made of.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace matsuri {

// A view of bytes that somebody else owns.
using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

static_assert(std::endian::native == std::endian::little,
              "stored formats are read and written by memcpy of little-endian integers");

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads an integer at `offset`. REQUIRES: offset + sizeof(T) <= bytes.size().
template <std::integral T>
T load(Bytes bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Writes an integer at `offset`. REQUIRES: offset + sizeof(T) <= bytes.size().
template <std::integral T>
void store(MutableBytes bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(Bytes bytes);

}  // namespace matsuri
