// Messages come from strangers. Whatever they send is no request, or one whose commands the
// sequencer takes or that have a reason why not; and the same bytes say the same again.
#include <cstdlib>
#include <string_view>

#include "game/schema_json.h"
#include "game/socket_message.h"
#include "sequencer/decide.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  static const auto schema = game::parse_schema(R"({"kinds":[
    {"name":"boss","fields":[{"name":"hp","min":0,"max":1000}],"players":{"which":"any",
     "steps":[{"field":"hp","do":"sub_clamp","value_max":50}],
     "guards":[{"field":"hp","is":">","value":0}]}},
    {"name":"raider","fields":[{"name":"hp"},{"name":"damage"}],"players":{"which":"own",
     "steps":[{"field":"damage","do":"add","value_max":50}]}}]})");
  if (!schema.ok()) std::abort();
  const auto request = game::SocketRequest::parse({reinterpret_cast<const char*>(data), size});
  if (!request.ok() || request->what() != game::SocketRequest::What::commands) return 0;
  for (const AccountId player : {AccountId{}, AccountId{42}}) {
    const game::Sender sender{.title = TitleId{7}, .player = player};
    const auto sent = request->commands(sender, *schema);
    if (!sent.ok()) {
      if (sent.error().code() != Code::invalid) std::abort();
      continue;
    }
    if (sent->empty() || sent->size() > game::command_count_max) std::abort();
    const auto again = request->commands(sender, *schema);
    for (std::size_t i = 0; i < sent->size(); ++i) {
      const game::SentCommand& one = (*sent)[i];
      if (one.command != (*again)[i].command) std::abort();
      if (!one.wrong.empty()) continue;
      if (!one.has_key || one.command.actor != player ||
          !sequencer::check(one.command, schema->schema).ok() ||
          (player && !game::check_player(one.command, *schema, player).ok()))
        std::abort();
    }
  }
  return 0;
}
