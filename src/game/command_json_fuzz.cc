// Commands come from strangers. Whatever they send is either wrong as a whole, or a list in which
// each is a command that the sequencer takes or has a reason why not; and the same text says the
// same again.
#include <cstdlib>
#include <string_view>

#include "game/command_json.h"
#include "game/schema_json.h"
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
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const AccountId player : {AccountId{}, AccountId{42}}) {
    const game::Sender sender{.title = TitleId{7}, .player = player};
    const auto sent = game::parse_commands(text, sender, *schema);
    if (!sent.ok()) {
      if (sent.error().code() != Code::invalid) std::abort();
      continue;
    }
    if (sent->empty() || sent->size() > game::command_count_max) std::abort();
    const auto again = game::parse_commands(text, sender, *schema);
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
