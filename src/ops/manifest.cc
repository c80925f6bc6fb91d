#include "ops/internal/manifest.h"

#include <array>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/time.h"

namespace matsuri::ops::internal {
namespace {

constexpr std::string_view head = "matsuri-backup ";
constexpr std::string_view version = "1";

std::string hex_of(std::uint32_t number) {
  std::array<char, 8> digits{'0', '0', '0', '0', '0', '0', '0', '0'};
  for (std::size_t place = digits.size(); number != 0; number >>= 4)
    digits[--place] = "0123456789abcdef"[number & 15];
  return {digits.data(), digits.size()};
}

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view first = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return first;
}

// Names of files and folders below the backup, and nothing that leads elsewhere.
bool is_inside(std::string_view path) {
  if (path.empty() || path.size() > 1024) return false;
  while (!path.empty()) {
    const std::string_view name = take_until(path, '/');
    if (name.empty() || name == "." || name == "..") return false;
    if (name.find('\0') != std::string_view::npos) return false;
  }
  return true;
}

bool read_origin(std::string_view line, Manifest& manifest) {
  const auto region = number_in<std::uint8_t>(take_until(line, ' '), 10);
  const auto node = number_in<std::uint8_t>(line, 10);
  if (!region || !node) return false;
  manifest.region = Region{*region};
  manifest.node = Node{*node};
  return true;
}

bool read_database(std::string_view line, Manifest& manifest) {
  const std::string_view engine = take_until(line, ' ');
  if (!is_inside(line) || line.find('/') != std::string_view::npos) return false;
  if (engine != name_of(sql::Engine::sqlite) && engine != name_of(sql::Engine::mariadb))
    return false;
  manifest.databases.push_back({.name = std::string(line),
                                .engine = engine == name_of(sql::Engine::sqlite)
                                              ? sql::Engine::sqlite
                                              : sql::Engine::mariadb});
  return true;
}

bool read_file_line(std::string_view line, Manifest& manifest) {
  const auto checksum = number_in<std::uint32_t>(take_until(line, ' '), 16);
  const auto size = number_in<std::uint64_t>(take_until(line, ' '), 10);
  if (!checksum || !size || !is_inside(line)) return false;
  manifest.files.push_back({.path = std::string(line), .size = *size, .checksum = *checksum});
  return true;
}

bool read_line(std::string_view line, Manifest& manifest) {
  const std::string_view word = take_until(line, ' ');
  if (word == "made") {
    const auto unix_ms = parse_rfc3339(line);
    manifest.made_unix_ms = unix_ms.value_or(0);
    return unix_ms.has_value();
  }
  if (word == "origin") return read_origin(line, manifest);
  if (word == "database") return read_database(line, manifest);
  if (word == "file") return read_file_line(line, manifest);
  return false;
}

}  // namespace

std::string_view name_of(sql::Engine engine) {
  return engine == sql::Engine::sqlite ? "sqlite" : "mariadb";
}

std::string encode_manifest(const Manifest& manifest) {
  std::string text(head);
  text += version;
  text += "\nmade " + to_rfc3339(manifest.made_unix_ms);
  text += "\norigin " + std::to_string(static_cast<int>(manifest.region)) + ' ' +
          std::to_string(static_cast<int>(manifest.node)) + '\n';
  for (const ManifestDatabase& database : manifest.databases)
    text += "database " + std::string(name_of(database.engine)) + ' ' + database.name + '\n';
  for (const ManifestFile& file : manifest.files)
    text +=
        "file " + hex_of(file.checksum) + ' ' + std::to_string(file.size) + ' ' + file.path + '\n';
  return text + "end " + hex_of(crc32c(as_bytes(text))) + '\n';
}

Result<Manifest> decode_manifest(std::string_view text) {
  constexpr std::size_t last_size = 13;  // "end 01234567\n"
  const Error damaged(Code::corrupt, "damaged, or not whole");
  if (text.size() < last_size) return damaged;
  std::string_view lines = text.substr(0, text.size() - last_size);
  if (text.substr(lines.size()) != "end " + hex_of(crc32c(as_bytes(lines))) + '\n') return damaged;
  const std::string_view first = take_until(lines, '\n');
  if (!first.starts_with(head)) return damaged;
  if (first.substr(head.size()) != version)
    return Error(Code::invalid, "of version " + std::string(first.substr(head.size())) +
                                    ": a later matsuri made this backup");
  Manifest manifest;
  while (!lines.empty())
    if (!read_line(take_until(lines, '\n'), manifest)) return damaged;
  return manifest;
}

}  // namespace matsuri::ops::internal
