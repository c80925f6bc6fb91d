// A closure: one programme with all that is needed to check viewers in, as one file that shares
// nothing. The programme's data is linked in between two symbols; it is never copied, so that all
// processes of a machine read the same pages.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/sentence.h"
#include "base/time.h"
#include "closure/cgi.h"
#include "io/random.h"
#include "match/match.h"
#include "options.h"
#include "serve.h"

extern "C" const std::byte matsuri_show_begin[];
extern "C" const std::byte matsuri_show_end[];

namespace matsuri {
namespace {

Result<program::Show> linked_show() {
  return program::Show::open({matsuri_show_begin, matsuri_show_end});
}

std::string read_body(std::size_t size) {
  std::string body(size, '\0');
  std::size_t count = 0;
  while (count < size) {
    const ssize_t got = read(STDIN_FILENO, body.data() + count, size - count);
    if (got <= 0) break;
    count += static_cast<std::size_t>(got);
  }
  body.resize(count);
  return body;
}

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

// The answer says no more than that we failed; the server's error log has the reason.
Result<void> run_cgi(const Result<Options>& given) {
  const Result<std::string> answer = [&]() -> Result<std::string> {
    TRY_ASSIGN(const Options options, given);
    if (options.inbox.empty())
      return Error(Code::invalid, "an inbox is needed: MATSURI_CHECKIN_INBOX");
    umask(077);  // the inbox says who checked in
    TRY_ASSIGN(const program::Show show, linked_show());
    TRY_ASSIGN(closure::Settings settings, read_settings(options, show));
    const closure::Service service({.show = show}, std::move(settings));
    journal::InboxWriter inbox(options.inbox);
    return closure::answer_cgi({.variable = variable, .read_body = read_body}, service, inbox);
  }();
  const std::string text =
      answer.ok() ? *answer
                  : "Status: 500\r\nContent-Type: text/plain\r\n\r\nthe server could not do this\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  if (!answer.ok()) return answer.error();
  return {};
}

Result<void> run_info(const Options& options) {
  TRY_ASSIGN(const program::Show show, linked_show());
  TRY(show.check());
  const program::About& about = show.about();
  std::uint32_t eligible_count = 0;
  for (std::uint32_t row = 0; row < show.reference().row_count; ++row)
    eligible_count += show.reference().is_eligible(row) ? 1 : 0;
  std::string text =
      sentence("programme  ", about.programme, "\ntitle      ", about.title, "\nstart      ",
               to_rfc3339(about.start_unix_ms), "\nduration   ", about.duration_ms,
               " ms\nrows       ", show.reference().row_count, ", of which a burst may begin at ",
               eligible_count, "\nkernel     ", match::name_of(match::kernels().back()), "\n");
  for (const program::Window& window : about.windows)
    text += sentence("window ", window.id, "   ", window.start_ms, " to ", window.end_ms,
                     " ms, campaign ", window.campaign, ", ", window.points, " points\n");
  if (!options.keys.empty()) {
    TRY_ASSIGN(const closure::Settings settings, read_settings(options, show));
    text += sentence("keys       ", settings.keys.count(), ", signing with ",
                     settings.keys.signing_id(), "\nstarts at  ",
                     to_rfc3339(settings.broadcast.start_unix_ms), "\n");
  }
  std::fputs(text.c_str(), stdout);
  return {};
}

Result<void> run_new_key(const Options& options) {
  ticket::Secret secret;
  io::system_random().fill(secret);
  std::fputs(ticket::Keys::line_of(static_cast<std::uint8_t>(options.key_id), secret).c_str(),
             stdout);
  return {};
}

Result<void> run(const Options& options, int argc, const char* const* argv) {
  switch (options.command) {
    case Command::info:
      return run_info(options);
    case Command::new_key:
      return run_new_key(options);
    case Command::serve:
      break;
  }
  TRY_ASSIGN(const program::Show show, linked_show());
  TRY_ASSIGN(closure::Settings settings, read_settings(options, show));
  return serve(options, show, std::move(settings), [&]() -> Result<closure::Settings> {
    TRY_ASSIGN(const Options now, read_options(argc, argv, false));
    return read_settings(now, show);
  });
}

}  // namespace
}  // namespace matsuri

// Exit statuses: 0 done, 1 failed, 2 wrong usage or settings.
int main(int argc, char** argv) {
  using namespace matsuri;
  const bool is_cgi = std::getenv("GATEWAY_INTERFACE") != nullptr;
  const Result<Options> options = read_options(argc, argv, is_cgi);
  if (!is_cgi && !options.ok()) return options.error().code() == Code::not_found ? 0 : 2;
  const Result<void> done = is_cgi ? run_cgi(options) : run(*options, argc, argv);
  if (done.ok()) return 0;
  std::fprintf(stderr, "show.checkin: %s\n", done.error().message().c_str());
  return done.error().code() == Code::invalid ? 2 : 1;
}
