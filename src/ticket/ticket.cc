#include "ticket/ticket.h"

#include "base/bytes.h"
#include "model/base64url.h"

namespace matsuri::ticket {
namespace {

constexpr std::byte version{1};
constexpr std::size_t body_size = 42;
constexpr std::size_t mac_size = 16;
static_assert(base64url_size(body_size + mac_size) == ticket_text_size);

using Body = std::array<std::byte, body_size>;

Body body_of(const Ticket& ticket) {
  Body body{};
  const MutableBytes view(body);
  body[0] = version;
  body[1] = std::byte{ticket.key};
  store<std::uint64_t>(view, 2, ticket.account.value);
  store<std::uint64_t>(view, 10, ticket.programme.value);
  store<std::int64_t>(view, 18, ticket.issued_unix_ms);
  std::memcpy(body.data() + 26, ticket.nonce.data(), ticket.nonce.size());
  return body;
}

}  // namespace

std::string seal(const Keys& keys, const Ticket& ticket) {
  const Body body = body_of(ticket);
  const Digest mac = keys.digest(ticket.key, Purpose::ticket_mac, body);
  std::array<std::byte, body_size + mac_size> bytes{};
  std::memcpy(bytes.data(), body.data(), body_size);
  std::memcpy(bytes.data() + body_size, mac.data(), mac_size);
  return to_base64url(bytes);
}

Digest seed_of(const Keys& keys, const Ticket& ticket) {
  return keys.digest(ticket.key, Purpose::ticket_seed, body_of(ticket));
}

Result<Ticket> open_ticket(const Keys& keys, std::string_view text) {
  const Error refused(Code::unauthenticated, "this is no ticket: ask for one");
  std::array<std::byte, body_size + mac_size> bytes{};
  if (!from_base64url(text, bytes) || bytes[0] != version) return refused;
  const Bytes view(bytes);
  Ticket ticket{.key = std::to_integer<std::uint8_t>(bytes[1])};
  if (!keys.has(ticket.key)) return refused;
  const Digest mac = keys.digest(ticket.key, Purpose::ticket_mac, view.first(body_size));
  if (!is_equal(view.subspan(body_size), Bytes(mac).first(mac_size))) return refused;
  ticket.account = AccountId{load<std::uint64_t>(view, 2)};
  ticket.programme = ProgrammeId{load<std::uint64_t>(view, 10)};
  ticket.issued_unix_ms = load<std::int64_t>(view, 18);
  std::memcpy(ticket.nonce.data(), bytes.data() + 26, ticket.nonce.size());
  return ticket;
}

}  // namespace matsuri::ticket
