// Genomes as text, and the one that an account begins with.
#include <charconv>

#include "face/face.h"

namespace matsuri::face {
namespace {

constexpr std::size_t digit_count = 16;

}  // namespace

Result<Genome> parse_genome(std::string_view text) {
  Genome genome;
  const bool has_form = text.size() == digit_count &&
                        text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!has_form) return Error(Code::invalid, "16 of 0-9 and a-f are taken");
  std::from_chars(text.data(), text.data() + text.size(), genome.bits, 16);
  return genome;
}

std::string to_string(Genome genome) {
  char digits[digit_count];
  const auto [end, error] = std::to_chars(digits, digits + digit_count, genome.bits, 16);
  const auto size = static_cast<std::size_t>(end - digits);
  return std::string(digit_count - size, '0') + std::string(digits, size);
}

Genome genome_of(std::uint64_t seed) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return {z ^ (z >> 31)};
}

}  // namespace matsuri::face
