// Goal: any bytes are taken or refused; what is taken keeps the limits, and is taken again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "account/model.h"
#include "base/assert.h"
#include "import/line.h"
#include "model/ids.h"
#include "timeline/model.h"

namespace matsuri::imports {
namespace {

constexpr std::int64_t now_unix_ms = 1'700'000'000'000;

void check_time(std::int64_t unix_ms) {
  MATSURI_ASSERT(unix_ms >= id_epoch_unix_ms && unix_ms <= now_unix_ms);
}

void check(const UserLine& user) {
  check_time(user.created_unix_ms);
  MATSURI_ASSERT(account::check_handle(user.handle).ok());
  MATSURI_ASSERT(*account::clean_name(user.name) == user.name);
  MATSURI_ASSERT(!user.handle_is_made || user.handle == made_handle(user.source, user.id));
}

void check(const PostLine& post) {
  check_time(post.created_unix_ms);
  MATSURI_ASSERT(!post.source.empty() && post.source.size() <= 32);
  MATSURI_ASSERT(!post.id.empty() && post.id.size() <= 64);
  MATSURI_ASSERT(*timeline::clean_post_text(post.text) == post.text);
  MATSURI_ASSERT(timeline::check_language(post.language).ok());
}

void check(const Refusal& refusal) {
  MATSURI_ASSERT(!name_of(refusal.code).empty());
  MATSURI_ASSERT(refusal.detail.size() < 300);
  for (const char c : refusal.detail) MATSURI_ASSERT(static_cast<unsigned char>(c) >= 0x20);
}

}  // namespace
}  // namespace matsuri::imports

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri::imports;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_line(line, now_unix_ms);
  if (!parsed)
    check(parsed.error());
  else
    std::visit([](const auto& taken) { check(taken); }, *parsed);
  return 0;
}
