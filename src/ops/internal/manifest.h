// A backup's table of contents, written last: a folder without one is no backup.
//
//   matsuri-backup 1
//   made 2026-11-24T03:50:00.000Z
//   origin <region> <node>
//   database <engine> <name>                 for each, in the order of the copies
//   file <CRC-32C, 8 hex digits> <size> <path in the backup>
//   end <CRC-32C of all lines before>
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::ops::internal {

inline constexpr std::string_view manifest_name = "MANIFEST";
inline constexpr std::size_t manifest_size_max = std::size_t{64} << 20;

struct ManifestFile {
  std::string path;
  std::uint64_t size = 0;
  std::uint32_t checksum = 0;

  bool operator==(const ManifestFile&) const = default;
};

struct ManifestDatabase {
  std::string name;
  sql::Engine engine = sql::Engine::sqlite;

  // Where its copy lies in the backup.
  std::string path() const { return "db/" + name; }
  bool operator==(const ManifestDatabase&) const = default;
};

struct Manifest {
  std::int64_t made_unix_ms = 0;
  Region region{};
  Node node{};
  std::vector<ManifestDatabase> databases;
  std::vector<ManifestFile> files;

  bool operator==(const Manifest&) const = default;
};

std::string_view name_of(sql::Engine engine);
std::string encode_manifest(const Manifest& manifest);
// Code::corrupt for all that encode_manifest() does not give; Code::invalid for a later version. A
// path never leads out of the backup.
Result<Manifest> decode_manifest(std::string_view text);

}  // namespace matsuri::ops::internal
