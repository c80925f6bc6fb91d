#include "ticket/pass.h"

#include <array>

#include "base/bytes.h"
#include "model/base64url.h"

namespace matsuri::ticket {
namespace {

constexpr std::byte version{1};
constexpr std::size_t body_size = 26;
constexpr std::size_t mac_size = 16;
static_assert(base64url_size(body_size + mac_size) == pass_text_size);

}  // namespace

std::string seal(const Keys& keys, const ViewerPass& pass) {
  std::array<std::byte, body_size + mac_size> bytes{};
  const MutableBytes view(bytes);
  const std::uint8_t key = keys.signing_id();
  bytes[0] = version;
  bytes[1] = std::byte{key};
  store<std::uint64_t>(view, 2, pass.account.value);
  store<std::uint64_t>(view, 10, pass.programme.value);
  store<std::int64_t>(view, 18, pass.expires_unix_ms);
  const Digest mac = keys.digest(key, Purpose::pass, view.first(body_size));
  std::memcpy(bytes.data() + body_size, mac.data(), mac_size);
  return to_base64url(bytes);
}

Result<ViewerPass> open_pass(const Keys& keys, std::string_view text) {
  const Error refused(Code::unauthenticated, "this is no viewer pass: ask for one");
  std::array<std::byte, body_size + mac_size> bytes{};
  if (!from_base64url(text, bytes) || bytes[0] != version) return refused;
  const Bytes view(bytes);
  const auto key = std::to_integer<std::uint8_t>(bytes[1]);
  if (!keys.has(key)) return refused;
  const Digest mac = keys.digest(key, Purpose::pass, view.first(body_size));
  if (!is_equal(view.subspan(body_size), Bytes(mac).first(mac_size))) return refused;
  return ViewerPass{.account = AccountId{load<std::uint64_t>(view, 2)},
                    .programme = ProgrammeId{load<std::uint64_t>(view, 10)},
                    .expires_unix_ms = load<std::int64_t>(view, 18)};
}

Result<void> can_use(const ViewerPass& pass, ProgrammeId programme, std::int64_t now_unix_ms) {
  if (now_unix_ms >= pass.expires_unix_ms)
    return Error(Code::unauthenticated, "the viewer pass is over: ask for a new one");
  if (pass.programme != programme)
    return Error(Code::denied, "the viewer pass is for another programme");
  return {};
}

}  // namespace matsuri::ticket
