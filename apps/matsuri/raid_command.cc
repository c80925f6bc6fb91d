// `matsuri raid`: the example game, playable at /play. One transaction of main makes all that is
// missing, so it may run beside a server and as often as one likes.
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "board/definitions.h"
#include "commands.h"
#include "community/exec.h"
#include "game/play.h"
#include "game/schema_json.h"
#include "import/import_ids.h"
#include "io/clock.h"
#include "io/random.h"

namespace matsuri {
namespace {

// What the raid is made of, and what players may do: web/features/play/raid.ts and the example of
// the C++ SDK send commands that fit. Nobody is healed after death: that is a rule here, because
// builds of a game are in everybody's hands.
constexpr std::string_view raid_schema = R"({"kinds":[
{"name":"boss","fields":[{"name":"hp","min":0,"max":1000000},{"name":"hp_max","min":0,"max":1000000}],
 "players":{"which":"any","steps":[
  {"field":"hp","do":"set_if_absent","value_max":30000},
  {"field":"hp_max","do":"set_if_absent","value_max":30000},
  {"field":"hp","do":"sub_clamp","value_max":60,"guards":[{"field":"hp","is":">","value":0}]}]}},
{"name":"raider","fields":[{"name":"hp","min":0,"max":100},{"name":"damage","min":0},{"name":"healed","min":0}],
 "players":{"which":"any","steps":[
  {"field":"hp","do":"set_if_absent","value_max":100},
  {"field":"hp","do":"sub_clamp","value_max":40,"guards":[{"field":"hp","is":">","value":0}]},
  {"field":"hp","do":"add_clamp","value_max":30,"bound":100,"guards":[{"field":"hp","is":">","value":0}]},
  {"field":"damage","do":"add","value_max":60,"guards":[{"field":"hp","is":">","value":0}]},
  {"field":"healed","do":"add","value_max":30,"guards":[{"field":"hp","is":">","value":0}]}]}}]})";

// By this it is known again.
constexpr std::string_view source = "matsuri";
constexpr std::string_view source_id = "raid";

community::NewTitle raid_title() {
  return {.names = {{.language = "en", .text = "The Great Catfish"},
                    {.language = "ja", .text = "地鳴りの主 大鯰"}},
          .platforms = {"Browser", "Terminal"},
          .publisher = "Matsuri",
          .crest = "鯰"};
}

// Who has done most, in all raids together. web/features/play/Ranks.tsx shows it.
board::Board damage_board(TitleId title, board::BoardId id) {
  return {.id = id,
          .title = title,
          .name = "damage",
          .kind = "raider",
          .field = "damage",
          .combine = board::Combine::sum,
          .accounts = true,
          .players = true};
}

}  // namespace

Result<int> run_raid(const Config& config) {
  TRY(need_data(config));
  TRY_ASSIGN(game::TitleSchema schema, game::parse_schema(raid_schema));
  TRY_ASSIGN(community::NewTitle title, community::clean_title(raid_title()));
  TRY_ASSIGN(const auto node, ServerNode::open(config, NodeUse::peek));
  const std::int64_t now_ms = io::system_clock().unix_ms();
  // A server beside us makes ids of its own node.
  imports::ImportIds maker(*node->main_db, *node->timeline_db, config.region);
  const std::int64_t times[] = {now_ms, now_ms, now_ms, now_ms};
  TRY_ASSIGN(const auto ids, maker.make(times));
  const community::ImportedTitle wanted{.source = std::string(source),
                                        .source_id = std::string(source_id),
                                        .id = TitleId{ids[0]},
                                        .main_community = CommunityId{ids[1]},
                                        .title = std::move(title)};
  game::Play play;
  TRY(node->main_db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(auto made, community::import_titles(connection, {&wanted, 1}));
    if (!made.facts.empty()) TRY(node->main_outbox->put(connection, made.facts));
    TRY_ASSIGN(play, game::put_play(connection,
                                    {.title = made.ids.front(),
                                     .schema = schema,
                                     .key = game::TitleKeyId{ids[2]},
                                     .now_unix_ms = now_ms},
                                    io::system_random()));
    TRY(board::put_board(connection, damage_board(made.ids.front(), board::BoardId{ids[3]})));
    return {};
  }));
  std::printf("/play shows title %" PRIu64 ", with the client key %s\n", play.title.value,
              play.key.c_str());
  return 0;
}

}  // namespace matsuri
