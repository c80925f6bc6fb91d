#include "program_builder/cache.h"

#include <sodium.h>

#include <cstring>
#include <type_traits>

#include "base/crc32c.h"
#include "program/show.h"

namespace matsuri::program_builder {
namespace {

// Raised whenever the same video would give other rows, pictures or ratings.
constexpr std::uint32_t recipe_version = 1;
constexpr std::size_t block_size = 1 << 20;
constexpr std::size_t file_size_max = std::size_t{1} << 30;
constexpr std::size_t picture_size = picture_width * picture_height * 3;
static_assert(std::is_trivially_copyable_v<Rating> && sizeof(Rating) == 32);

class Hasher {
 public:
  explicit Hasher(std::string_view kind) {
    crypto_generichash_init(&state_, nullptr, 0, sizeof(Key));
    add(as_bytes(kind));
    add(recipe_version);
  }
  void add(Bytes bytes) {
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
  }
  template <std::integral T>
  void add(T number) {
    add(std::as_bytes(std::span(&number, 1)));
  }
  Key finish() {
    Key key;
    crypto_generichash_final(&state_, reinterpret_cast<unsigned char*>(key.data()), key.size());
    return key;
  }

 private:
  crypto_generichash_state state_{};
};

template <class T>
void append(std::string& to, const T* values, std::size_t count) {
  to.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

// Takes `count` values off the front; false where there are fewer.
template <class T>
bool take(std::string_view& from, T* values, std::size_t count) {
  if (from.size() / sizeof(T) < count) return false;
  std::memcpy(static_cast<void*>(values), from.data(), count * sizeof(T));
  from.remove_prefix(count * sizeof(T));
  return true;
}

}  // namespace

Result<Key> key_of_video(io::FileSystem& files, const std::string& path, Observer& observer) {
  TRY_ASSIGN(const std::unique_ptr<io::File> file,
             within(path, files.open(path, io::OpenMode::read)));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  Hasher hasher("video");
  std::vector<std::byte> block(block_size);
  for (std::uint64_t at = 0; at < size;) {
    if (observer.wants_stop()) return Error(Code::busy, "was stopped before its end");
    TRY_ASSIGN(const std::size_t got, within(path, file->read_at(at, block)));
    if (got == 0) return Error(Code::io, path + ": became shorter while it was read");
    hasher.add(Bytes(block).first(got));
    at += got;
    observer.progressed(Stage::reading, static_cast<double>(at) / static_cast<double>(size));
  }
  return hasher.finish();
}

Key key_of_ratings(std::span<const match::Row> rows,
                   std::span<const std::span<const match::Row>> library) {
  Hasher hasher("ratings");
  const auto add = [&](std::span<const match::Row> some) {
    hasher.add(some.size());
    hasher.add(std::as_bytes(some));
  };
  add(rows);
  for (const std::span<const match::Row> other : library) add(other);
  return hasher.finish();
}

std::uint64_t programme_of(std::string_view title, std::int64_t start_unix_ms) {
  crypto_generichash_state state;
  std::uint64_t id = 0;
  static_assert(sizeof id <= crypto_generichash_BYTES);
  unsigned char out[crypto_generichash_BYTES];
  crypto_generichash_init(&state, nullptr, 0, sizeof out);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(title.data()),
                            title.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&start_unix_ms),
                            sizeof start_unix_ms);
  crypto_generichash_final(&state, out, sizeof out);
  std::memcpy(&id, out, sizeof id);
  id >>= 1;  // ids are 63 bits, and 0 is none
  return id == 0 ? 1 : id;
}

std::optional<std::string> Cache::read(const Key& key) {
  if (folder_.empty()) return std::nullopt;
  auto content = io::read_file(files_, folder_ + '/' + to_hex(key), file_size_max);
  std::uint32_t checksum = 0;
  if (!content.ok() || content->size() < sizeof checksum) return std::nullopt;
  std::memcpy(&checksum, content->data(), sizeof checksum);
  content->erase(0, sizeof checksum);
  if (crc32c(as_bytes(*content)) != checksum) return std::nullopt;
  return std::move(*content);
}

Result<void> Cache::write(const Key& key, std::string content) {
  if (folder_.empty()) return {};
  const std::uint32_t checksum = crc32c(as_bytes(content));
  content.insert(0, reinterpret_cast<const char*>(&checksum), sizeof checksum);
  TRY(files_.make_folders(folder_));
  return within("cache", io::replace_file(files_, folder_ + '/' + to_hex(key), as_bytes(content)));
}

std::optional<Master> Cache::master(const Key& key) {
  const auto content = read(key);
  if (!content) return std::nullopt;
  std::string_view rest = *content;
  Master master;
  std::uint32_t picture_count = 0;
  if (!take(rest, &master.duration_ms, 1) || !take(rest, &picture_count, 1)) return std::nullopt;
  if (master.duration_ms == 0 || master.duration_ms > program::duration_ms_max) return std::nullopt;
  master.rows.resize(program::row_count_of(master.duration_ms));
  if (!take(rest, master.rows.data(), master.rows.size())) return std::nullopt;
  if (picture_count != rest.size() / (sizeof(std::uint32_t) + picture_size)) return std::nullopt;
  for (std::uint32_t i = 0; i < picture_count; ++i) {
    Picture picture;
    picture.rgb.resize(picture_size);
    if (!take(rest, &picture.time_ms, 1) || !take(rest, picture.rgb.data(), picture_size))
      return std::nullopt;
    master.pictures.push_back(std::move(picture));
  }
  return master;
}

std::optional<std::vector<Rating>> Cache::ratings(const Key& key) {
  const auto content = read(key);
  if (!content) return std::nullopt;
  std::string_view rest = *content;
  std::vector<Rating> ratings(rest.size() / sizeof(Rating));
  if (!take(rest, ratings.data(), ratings.size()) || !rest.empty()) return std::nullopt;
  return ratings;
}

Result<void> Cache::keep(const Key& key, const Master& master) {
  std::string content;
  const auto picture_count = static_cast<std::uint32_t>(master.pictures.size());
  append(content, &master.duration_ms, 1);
  append(content, &picture_count, 1);
  append(content, master.rows.data(), master.rows.size());
  for (const Picture& picture : master.pictures) {
    append(content, &picture.time_ms, 1);
    append(content, picture.rgb.data(), picture.rgb.size());
  }
  return write(key, std::move(content));
}

Result<void> Cache::keep(const Key& key, std::span<const Rating> ratings) {
  std::string content;
  append(content, ratings.data(), ratings.size());
  return write(key, std::move(content));
}

}  // namespace matsuri::program_builder
