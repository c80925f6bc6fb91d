// A load driver: a crowd of viewers in front of a server or of a closure alone, and what became of
// it as figures and as a picture. What they film comes from the programme itself.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sentence.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/process.h"
#include "options.h"
#include "program/find.h"
#include "ticket/pass.h"
#include "traffic/crowd.h"

namespace matsuri {
namespace {

constexpr std::size_t closure_size_max = std::size_t{1} << 30;
constexpr std::size_t tokens_size_max = std::size_t{1} << 30;
constexpr std::size_t trace_size_max = std::size_t{64} << 20;
constexpr std::size_t other_channel_count = 16;
// Viewers film up to so long after they have come: the wait for the right moment, and the burst.
constexpr std::int64_t film_ms_max = 12'000;
// They are filmed so much further, and that much later filming may be done.
constexpr std::int64_t film_ahead_ms = 10'000;
constexpr std::int64_t pass_ms = 24 * 3'600'000;

Result<std::string> read_standard_input() {
  std::string text;
  char buffer[65'536];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, got);
    if (text.size() > trace_size_max) return Error(Code::invalid, "trace: over 64 MiB");
  }
  return text;
}

Result<traffic::Shape> shape_of(const Options& options) {
  if (options.trace.empty())
    return options.shape == "step" ? traffic::Shape::step() : traffic::Shape::broadcast();
  if (options.trace != "-") {
    TRY_ASSIGN(const std::string text,
               io::read_file(io::posix_files(), options.trace, trace_size_max));
    return traffic::Shape::trace(text);
  }
  TRY_ASSIGN(const std::string text, read_standard_input());
  return traffic::Shape::trace(text);
}

Result<std::vector<std::string>> read_tokens(const std::string& path) {
  TRY_ASSIGN(const std::string text, io::read_file(io::posix_files(), path, tokens_size_max));
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) tokens.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (tokens.empty()) return Error(Code::invalid, "tokens: the file has none");
  return tokens;
}

Result<std::int64_t> start_of(const Options& options, const program::Show& show) {
  if (options.start.empty()) return show.about().start_unix_ms;
  const auto start = parse_rfc3339(options.start);
  if (!start) return Error(Code::invalid, "start: a time like 2026-12-01T21:00:00+09:00 is taken");
  return *start;
}

// All that is on while viewers come. Who comes before the beginning or after the end is not now.
// To film takes its time, and the programme goes on meanwhile: so again, until it is enough.
traffic::Bursts film(const program::Show& show, const traffic::CrowdOptions& crowd) {
  const std::int64_t last_ms = show.about().duration_ms - 1;
  const auto now_ms = [&] { return io::system_clock().unix_ms() - crowd.shown_unix_ms; };
  const auto end_ms = [&] {
    const std::int64_t after_ms = static_cast<std::int64_t>(crowd.seconds * 1000) + film_ms_max;
    return std::clamp<std::int64_t>(now_ms() + after_ms, 0, last_ms);
  };
  traffic::FilmOptions part{.seed = crowd.seed};
  part.from_ms = std::clamp<std::int64_t>(now_ms() - film_ms_max, 0, last_ms);
  part.to_ms = std::min(end_ms() + film_ahead_ms, last_ms);
  traffic::Bursts bursts = traffic::Bursts::of_show(show, part);
  while (part.to_ms < end_ms()) {
    part.from_ms = part.to_ms;
    part.to_ms = std::min(end_ms() + film_ahead_ms, last_ms);
    bursts.add(traffic::Bursts::of_show(show, part));
  }
  return bursts;
}

Result<ticket::Keys> read_keys(const std::string& path) {
  TRY_ASSIGN(const std::string text,
             io::read_file(io::posix_files(), path, ticket::keys_text_size_max));
  return within("keys", ticket::Keys::parse(text));
}

// Says who each viewer is: by the tokens, or by passes that the keys sign.
Result<void> set_identity(const Options& options, std::uint64_t programme,
                          const std::optional<ticket::Keys>& keys, traffic::CrowdParts& parts) {
  if (keys) {
    const std::int64_t expires_ms = io::system_clock().unix_ms() + pass_ms;
    parts.account = [](std::uint64_t viewer) { return AccountId{viewer + 1}; };
    parts.identity = [&keys, programme, expires_ms](std::uint64_t viewer) {
      return "Matsuri-Pass: " + ticket::seal(*keys, {.account = AccountId{viewer + 1},
                                                     .programme = ticket::ProgrammeId{programme},
                                                     .expires_unix_ms = expires_ms});
    };
    if (options.signs_tickets) parts.signing = &*keys;
    return {};
  }
  if (options.tokens.empty()) return Error(Code::invalid, "viewers need --tokens or --keys");
  TRY_ASSIGN(auto tokens, read_tokens(options.tokens));
  parts.identity = [tokens = std::move(tokens)](std::uint64_t viewer) {
    return "Authorization: Bearer " + tokens[viewer % tokens.size()];
  };
  return {};
}

Result<void> write(const std::string& path, const std::string& text) {
  return io::replace_file(io::posix_files(), path, as_bytes(text));
}

Result<void> run(const Options& options) {
  TRY_ASSIGN(const std::string content,
             io::read_file(io::posix_files(), options.programme, closure_size_max));
  TRY_ASSIGN(const program::Lines lines,
             within(options.programme, program::find_show(as_bytes(content))));
  TRY_ASSIGN(const program::Show show, program::Show::open(program::bytes_of(lines)));
  TRY_ASSIGN(const std::int64_t start_ms, start_of(options, show));
  TRY_ASSIGN(traffic::ClientOptions server, server_of(options));
  TRY_ASSIGN(traffic::Shape shape, shape_of(options));
  const traffic::CrowdOptions crowd{.server = std::move(server),
                                    .programme = show.about().programme,
                                    .shown_unix_ms = start_ms + options.delay_ms,
                                    .shape = std::move(shape),
                                    .seconds = options.seconds,
                                    .viewer_count = options.viewer_count,
                                    .shares = options.shares,
                                    .again_count = options.again_count,
                                    .seed = options.seed};
  std::optional<ticket::Keys> keys;
  if (!options.keys.empty()) {
    TRY_ASSIGN(keys, read_keys(options.keys));
  }
  io::raise_file_limit();
  std::fputs("matsuri-load: phones film the programme\n", stderr);
  const auto other_channel =
      traffic::Bursts::of_other_channel(other_channel_count, options.seed + 1'000'000);
  const auto bursts = film(show, crowd);
  traffic::CrowdParts parts{.programme = bursts, .other_channel = other_channel, .identity = {}};
  TRY(set_identity(options, crowd.programme, keys, parts));
  std::fputs("matsuri-load: viewers come\n", stderr);
  TRY_ASSIGN(const traffic::Tally tally, traffic::run_crowd(crowd, parts));
  if (!options.svg.empty()) TRY(write(options.svg, traffic::svg_of(tally, show.about().title)));
  const std::string rows = traffic::rows_of(tally);
  if (!options.out.empty()) return write(options.out, rows);
  std::fputs(rows.c_str(), stdout);
  return {};
}

}  // namespace
}  // namespace matsuri

// Exit statuses: 0 the crowd was there, whatever it was answered; 1 failed; 2 wrong usage.
int main(int argc, char** argv) {
  using namespace matsuri;
  const Result<Options> options = read_options(argc, argv);
  if (!options.ok()) return options.error().code() == Code::not_found ? 0 : 2;
  const Result<void> done = run(*options);
  if (done.ok()) return 0;
  std::fprintf(stderr, "matsuri-load: %s\n", done.error().message().c_str());
  return done.error().code() == Code::invalid ? 2 : 1;
}
