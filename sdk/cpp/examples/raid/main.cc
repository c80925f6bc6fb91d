// The raid in a terminal: for a player with a keyboard, or for bots.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bots.h"
#include "raid.h"
#include "screen.h"

namespace {

const char* const usage =
    "raid --server URL --title ID --title-key KEY --handle HANDLE [--sign-up NAME] [--queue FILE]\n"
    "raid --server URL --title ID --title-key KEY --bot N [--pace MS] [--seconds N]\n"
    "\n"
    "Many players against one boss. The title needs schema.json, which an admin puts.\n"
    "  --arena NAME    another raid than that of the hour\n"
    "  --sign-up NAME  makes the account first\n"
    "  --queue FILE    keeps what was not answered over a restart\n"
    "The password is asked for, or comes from MATSURI_PASSWORD.\n";

struct Arguments {
  raid::BotOptions bots;
  std::string handle;
  std::string name;
  std::string queue;
};

bool parse(int count, char** words, Arguments& to) {
  to.bots.count = 0;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i];
    const std::string value = words[i + 1];
    if (name == "--server")
      to.bots.server = value;
    else if (name == "--title")
      to.bots.raid.title = value;
    else if (name == "--title-key")
      to.bots.raid.title_key = value;
    else if (name == "--arena")
      to.bots.raid.arena = value;
    else if (name == "--handle")
      to.handle = value;
    else if (name == "--sign-up")
      to.name = value;
    else if (name == "--queue")
      to.queue = value;
    else if (name == "--bot")
      to.bots.count = std::atoi(value.c_str());
    else if (name == "--pace")
      to.bots.pace_ms = std::atoi(value.c_str());
    else if (name == "--seconds")
      to.bots.seconds_max = std::atoi(value.c_str());
    else
      return false;
  }
  return count % 2 == 1 && !to.bots.server.empty() && !to.bots.raid.title.empty() &&
         !to.bots.raid.title_key.empty() && (to.bots.count > 0) == to.handle.empty();
}

int stop(const std::string& why) {
  std::fprintf(stderr, "raid: %s\n", why.c_str());
  return 1;
}

int play(const Arguments& arguments) {
  matsuri::ClientOptions options;
  options.server = arguments.bots.server;
  if (!arguments.queue.empty()) {
    auto storage = matsuri::open_file_storage(arguments.queue);
    if (!storage) return stop(storage.error().message);
    options.storage = std::move(*storage);
  }
  auto client = matsuri::Client::open(std::move(options));
  if (!client) return stop(client.error().message);

  const char* const given = std::getenv("MATSURI_PASSWORD");
  const std::string password = given != nullptr ? given : raid::ask_secretly("Password: ");
  std::string trouble;
  bool is_in = false;
  const auto in = [&](const matsuri::Result<matsuri::Account>& account) {
    is_in = account.ok();
    if (!account) trouble = account.error().message;
  };
  if (arguments.name.empty())
    (*client)->log_in({arguments.handle, password}, in);
  else
    (*client)->sign_up({arguments.handle, arguments.name, password}, in);
  raid::Keyboard keyboard;
  while (!is_in && trouble.empty()) {
    (*client)->tick();
    if (keyboard.read(20) == "q") return 1;
  }
  if (!is_in) return stop(trouble);
  raid::Raid raid(**client, arguments.bots.raid);
  raid::play(**client, raid);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::string(words[1]) == "--help") return std::fputs(usage, stdout), 0;
  Arguments arguments;
  if (!parse(count, words, arguments)) return std::fputs(usage, stderr), 2;
  return arguments.bots.count > 0 ? raid::run_bots(arguments.bots) : play(arguments);
}
