// Goal: any bytes are taken or refused; what is taken keeps the limits, and is taken again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "account/model.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "community/model.h"
#include "drawing/drawing.h"
#include "import/line.h"
#include "model/ids.h"
#include "timeline/model.h"

namespace matsuri::imports {
namespace {

constexpr std::int64_t now_unix_ms = 1'700'000'000'000;

void check(const LineKey& key) {
  MATSURI_ASSERT(key.created_unix_ms >= id_epoch_unix_ms && key.created_unix_ms <= now_unix_ms);
  MATSURI_ASSERT(!key.source.empty() && key.source.size() <= 32);
  MATSURI_ASSERT(!key.id.empty() && key.id.size() <= 64);
}

// Cleaning what is clean changes nothing.
void check(const UserLine& user) {
  MATSURI_ASSERT(account::check_handle(user.handle).ok());
  MATSURI_ASSERT(*account::clean_name(user.name) == user.name);
  MATSURI_ASSERT(*account::clean_bio(user.bio) == user.bio);
  MATSURI_ASSERT(!user.handle_is_made || user.handle == made_handle(user.key.source, user.key.id));
}

void check(const TitleLine& title) {
  MATSURI_ASSERT(*community::clean_names(title.names) == title.names);
  MATSURI_ASSERT(*community::clean_platforms(title.platforms) == title.platforms);
}

void check(const CommunityLine& line) {
  MATSURI_ASSERT(*community::clean_names(line.names) == line.names);
  MATSURI_ASSERT(*community::clean_description(line.description) == line.description);
  MATSURI_ASSERT(line.post_kinds != 0);
}

void check(const PostLine& post) {
  MATSURI_ASSERT(post.has_text || !post.drawing.empty());
  if (post.has_text) MATSURI_ASSERT(*timeline::clean_post_text(post.text) == post.text);
  MATSURI_ASSERT(post.drawing.empty() || drawing::decode(as_bytes(post.drawing)).ok());
  MATSURI_ASSERT(*timeline::clean_tag(post.tag) == post.tag && post.feeling <= 5);
  MATSURI_ASSERT(timeline::check_language(post.language).ok());
  MATSURI_ASSERT(post.community.empty() + post.in.empty() + post.post.empty() == 2);
}

void check(const FollowLine& follow) {
  MATSURI_ASSERT(!follow.account.empty() && follow.target.empty() != follow.in.empty());
}

void check(const EmpathyLine& empathy) {
  MATSURI_ASSERT(!empathy.account.empty() && !empathy.post.empty());
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
    std::visit(
        [](const auto& taken) {
          check(taken.key);
          check(taken);
        },
        *parsed);
  return 0;
}
