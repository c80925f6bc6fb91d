// What a build found out, kept for the next one. Everything in the folder may be deleted at any
// time: it is only made again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file.h"
#include "program_builder/observer.h"
#include "program_builder/rating.h"
#include "program_builder/video.h"

namespace matsuri::program_builder {

// What a result follows from: BLAKE2b of all of it. Two kinds of results never share a key.
using Key = std::array<std::byte, 32>;

// Of a master's file, all bytes of it.
Result<Key> key_of_video(io::FileSystem& files, const std::string& path, Observer& observer);
// Of rows, and those they are compared with.
Key key_of_ratings(std::span<const match::Row> rows,
                   std::span<const std::span<const match::Row>> library);
// The id of a programme: by its title and default start, so that it stays the same programme when
// it is built again with another picture or other windows.
std::uint64_t programme_of(std::string_view title, std::int64_t start_unix_ms);

// Not thread-safe; many processes may use one folder.
class Cache {
 public:
  // Without a folder (empty) it finds nothing, and keeps nothing.
  Cache(io::FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  // Nothing where there is none, or it is damaged.
  std::optional<Master> master(const Key& key);
  std::optional<std::vector<Rating>> ratings(const Key& key);
  Result<void> keep(const Key& key, const Master& master);
  Result<void> keep(const Key& key, std::span<const Rating> ratings);

 private:
  std::optional<std::string> read(const Key& key);
  Result<void> write(const Key& key, std::string content);

  io::FileSystem& files_;
  std::string folder_;
};

}  // namespace matsuri::program_builder
