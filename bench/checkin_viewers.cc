#include "bench/checkin_viewers.h"

#include <chrono>
#include <cstring>
#include <thread>

#include "base/sentence.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "io/clock.h"
#include "match/patterns.h"
#include "model/base64url.h"
#include "ticket/pass.h"

namespace matsuri::bench {
namespace {

constexpr std::uint64_t programme = 7;
constexpr std::int64_t burst_ms = (match::frame_count_max - 1) * match::slot_ms;
constexpr std::int64_t minute_ms = 60'000;
// What clocks and broadcast delays are off by, evenly, in rows to both sides: 1.5 s.
constexpr std::int64_t off_max = 15;
// Requests that were made so late after their burst are made again.
constexpr std::int64_t late_ms = 2'000;

std::int64_t now_ms() { return io::system_clock().unix_ms(); }

program::Lines drawn(bool quick) {
  const auto duration_ms = static_cast<std::uint32_t>((quick ? 10 : 30) * minute_ms);
  return closure::film_waves(programme, duration_ms);
}

std::string new_keys_line() {
  ticket::Secret secret;
  io::SeededRandom(7).fill(secret);
  return ticket::Keys::line_of(1, secret);
}

}  // namespace

Viewers::Viewers(bool quick)
    : bytes_(drawn(quick)),
      show_(must(program::Show::open(program::bytes_of(bytes_)))),
      keys_line_(new_keys_line()),
      keys_(must(ticket::Keys::parse(keys_line_))),
      start_unix_ms_(now_ms() - 20'000) {}

closure::Settings Viewers::settings() const {
  return {.keys = must(ticket::Keys::parse(keys_line_)),
          .broadcast = {.start_unix_ms = start_unix_ms_}};
}

ticket::Ticket Viewers::new_ticket(std::int64_t issued_unix_ms) {
  ticket::Ticket ticket{.key = keys_.signing_id(),
                        .account = AccountId{++account_count_},
                        .programme = ticket::ProgrammeId{programme},
                        .issued_unix_ms = issued_unix_ms};
  random_.fill(ticket.nonce);
  return ticket;
}

std::string Viewers::request_of(const ticket::Ticket& ticket,
                                const match::Descriptor& descriptor) const {
  const std::string wire = match::pack(descriptor);
  const std::string body = sentence(R"({"ticket":")", ticket::seal(keys_, ticket),
                                    R"(","path":"terrestrial","dt_ms":0,"rtt_ms":0,"descriptor":")",
                                    to_base64url(as_bytes(wire)), R"("})");
  return sentence("POST /v1/checkin/", programme,
                  " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  "Content-Length: ",
                  body.size(), "\r\n\r\n", body);
}

std::vector<std::string> Viewers::check_ins(std::size_t count) {
  for (;;) {
    const std::int64_t begin_ms = now_ms();
    const std::int64_t issued_ms =
        begin_ms + static_cast<std::int64_t>(viewer_ms_ * static_cast<double>(count));
    // Many see the same pictures, and project them on patterns of their own.
    std::vector<std::array<match::Features, match::frame_count_max>> films;
    for (std::int64_t off = -off_max; off <= off_max; ++off) {
      const std::int64_t begin = issued_ms - start_unix_ms_ + off * program::ms_per_row;
      auto& film = films.emplace_back();
      for (std::size_t frame = 0; frame < match::frame_count_max; ++frame)
        film[frame] = match::features(
            closure::film_picture(1, begin + static_cast<std::int64_t>(frame * match::slot_ms)));
    }
    std::vector<std::string> requests;
    while (requests.size() < count) {
      const ticket::Ticket ticket = new_ticket(issued_ms);
      const ticket::Digest digest = ticket::seed_of(keys_, ticket);
      match::Seed seed;
      std::memcpy(seed.data(), digest.data(), seed.size());
      const auto patterns = match::Patterns::expand(seed);
      const auto& film = films[seed.front() % films.size()];
      match::Descriptor descriptor{.frame_count = match::frame_count_max};
      for (std::size_t frame = 0; frame < match::frame_count_max; ++frame)
        descriptor.frames[frame] = {.t_ms = static_cast<std::uint16_t>(frame * match::slot_ms),
                                    .values = match::project(patterns, frame, film[frame])};
      requests.push_back(request_of(ticket, descriptor));
    }
    const auto took_ms = static_cast<double>(now_ms() - begin_ms);
    viewer_ms_ = 1.2 * took_ms / static_cast<double>(count);
    const std::int64_t left_ms = issued_ms + burst_ms + 50 - now_ms();
    if (left_ms < -late_ms) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(left_ms));
    return requests;
  }
}

std::vector<std::string> Viewers::refusals(std::size_t count) {
  match::Descriptor flat{.frame_count = match::frame_count_max};
  match::Descriptor bright = flat;
  for (std::size_t frame = 0; frame < match::frame_count_max; ++frame) {
    flat.frames[frame].t_ms = bright.frames[frame].t_ms =
        static_cast<std::uint16_t>(frame * match::slot_ms);
    random_.fill(std::as_writable_bytes(std::span(bright.frames[frame].values)));
    for (std::int8_t& value : bright.frames[frame].values) value /= 2;
  }
  std::vector<std::string> requests;
  const std::int64_t now = now_ms();
  while (requests.size() < count) {
    const std::size_t kind = requests.size() % 3;
    const ticket::Ticket ticket =
        new_ticket(now - (kind == 0 ? closure::ticket_age_ms_max + 1 : burst_ms + 1'000));
    requests.push_back(request_of(ticket, kind == 1 ? flat : bright));
  }
  return requests;
}

std::vector<std::string> Viewers::ticket_requests(std::size_t count) const {
  std::vector<std::string> requests;
  while (requests.size() < count)
    requests.push_back(
        sentence("GET /v1/checkin/", programme, "/ticket?path=terrestrial HTTP/1.1\r\n",
                 "Host: localhost\r\nMatsuri-Pass: ",
                 ticket::seal(keys_, {.account = AccountId{requests.size() + 1},
                                      .programme = ticket::ProgrammeId{programme},
                                      .expires_unix_ms = start_unix_ms_ + 60 * minute_ms}),
                 "\r\n\r\n"));
  return requests;
}

}  // namespace matsuri::bench
