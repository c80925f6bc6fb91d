// Goal: a command means the same over the WebSocket as over HTTP, right or wrong; what is no message is
// refused; an answer says what the outcome says.
#include "game/socket_message.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "game.pb.h"
#include "game/schema_json.h"
#include "json/writer.h"

namespace matsuri::game {
namespace {

using sequencer::Compare;
using sequencer::Operation;
using sequencer::Verdict;

const TitleSchema& raid() {
  static const TitleSchema schema = parse_schema(R"({"kinds":[
        {"name":"boss","fields":[{"name":"hp"},{"name":"max_hp"}],"players":{"which":"any",
         "steps":[{"field":"hp","do":"sub_clamp","value_max":50},
                  {"field":"hp","do":"add_clamp","value_max":50,"bound_field":"max_hp"}],
         "guards":[{"field":"hp","is":">","value":0}]}},
        {"name":"raider","fields":[{"name":"damage"}],"players":{"which":"own",
         "steps":[{"field":"damage","do":"add","value_max":50}]}}]})")
                                        .value();
  return schema;
}

// One command as a sender might write it.
struct Wish {
  std::optional<sequencer::Key> key;
  std::optional<std::string> arena;
  std::string reason;
  bool is_linked = false;
  std::optional<std::int64_t> deadline_ms;
  struct Entity {
    std::optional<std::string> kind, id;
  };
  struct Guard {
    std::optional<std::uint32_t> entity;
    std::optional<std::string> field;
    Compare is = Compare::exists;
    std::optional<std::int64_t> value;
  };
  struct Step {
    std::optional<std::uint32_t> entity;
    std::optional<std::string> field;
    Operation operation = Operation::add;
    std::optional<std::int64_t> value, bound;
    std::optional<std::string> bound_field;
  };
  std::vector<Entity> entities;
  std::vector<Guard> guards;
  std::vector<Step> steps;
};

void put(json::Writer& to, std::string_view name, const std::optional<std::string>& text) {
  if (text) to.field(name, *text);
}
template <class Number>
void put_number(json::Writer& to, std::string_view name, const std::optional<Number>& number) {
  if (number) to.field(name, *number);
}

std::string json_of(const Wish& wish) {
  std::string body;
  json::Writer to(body);
  to.begin_object().key("commands").begin_array().begin_object();
  if (wish.key) to.field("key", to_string(*wish.key));
  put(to, "arena", wish.arena);
  to.field("reason", wish.reason).field("linked", wish.is_linked);
  put_number(to, "deadline_ms", wish.deadline_ms);
  to.key("entities").begin_array();
  for (const Wish::Entity& entity : wish.entities) {
    to.begin_object();
    put(to, "kind", entity.kind);
    put(to, "id", entity.id);
    to.end_object();
  }
  to.end_array().key("guards").begin_array();
  for (const Wish::Guard& guard : wish.guards) {
    to.begin_object().field("is", name_of(guard.is));
    put_number(to, "entity", guard.entity);
    put(to, "field", guard.field);
    put_number(to, "value", guard.value);
    to.end_object();
  }
  to.end_array().key("steps").begin_array();
  for (const Wish::Step& step : wish.steps) {
    to.begin_object().field("do", name_of(step.operation));
    put_number(to, "entity", step.entity);
    put(to, "field", step.field);
    put_number(to, "value", step.value);
    put_number(to, "bound", step.bound);
    put(to, "bound_field", step.bound_field);
    to.end_object();
  }
  to.end_array().end_object().end_array().end_object();
  return body;
}

void write(v1::Guard& to, const Wish::Guard& guard) {
  to.set_is(static_cast<v1::Compare>(static_cast<int>(guard.is) + 1));
  if (guard.entity) to.set_entity(*guard.entity);
  if (guard.field) to.set_field(*guard.field);
  if (guard.value) to.set_value(*guard.value);
}

void write(v1::Step& to, const Wish::Step& step) {
  to.set_do_(static_cast<v1::Operation>(static_cast<int>(step.operation) + 1));
  if (step.entity) to.set_entity(*step.entity);
  if (step.field) to.set_field(*step.field);
  if (step.value) to.set_value(*step.value);
  if (step.bound) to.set_bound(*step.bound);
  if (step.bound_field) to.set_bound_field(*step.bound_field);
}

v1::Request message_of(const Wish& wish) {
  v1::Request request;
  v1::Command& to = *request.mutable_commands()->add_commands();
  if (wish.key) to.set_key(wish.key->bytes.data(), wish.key->bytes.size());
  if (wish.arena) to.set_arena(*wish.arena);
  to.set_reason(wish.reason);
  to.set_linked(wish.is_linked);
  if (wish.deadline_ms) to.set_deadline_ms(*wish.deadline_ms);
  for (const Wish::Entity& entity : wish.entities) {
    v1::EntityName& name = *to.add_entities();
    if (entity.kind) name.set_kind(*entity.kind);
    if (entity.id) name.set_id(*entity.id);
  }
  for (const Wish::Guard& guard : wish.guards) write(*to.add_guards(), guard);
  for (const Wish::Step& step : wish.steps) write(*to.add_steps(), step);
  return request;
}

// Any command: mostly one that is right, with a fault here and there.
class Wishes {
 public:
  explicit Wishes(std::uint64_t seed) : random_(seed) {}

  Wish any() {
    Wish wish;
    if (!rare()) wish.key = key();
    if (!rare()) wish.arena = pick({"raid-7", "\xe3\x81\x82", std::string(64, 'x')});
    if (rare()) wish.arena = pick({"", "a\nb", std::string(65, 'x')});
    wish.reason = rare() ? pick({"\x7f", std::string(65, 'r')}) : pick({"", "raid.attack"});
    wish.is_linked = random_() % 4 == 0;
    if (random_() % 4 == 0) wish.deadline_ms = number({1, 500, 60'000});
    if (rare()) wish.deadline_ms = number({0, -1, 60'001});
    const std::size_t entity_count = rare() ? random_() % 19 : 1 + random_() % 2;
    for (std::size_t i = 0; i < entity_count; ++i) wish.entities.push_back(entity(i));
    const std::size_t guard_count = rare() ? random_() % 19 : random_() % 3;
    for (std::size_t i = 0; i < guard_count; ++i) wish.guards.push_back(guard(entity_count));
    const std::size_t step_count = rare() ? random_() % 35 : 1 + random_() % 2;
    for (std::size_t i = 0; i < step_count; ++i) wish.steps.push_back(step(entity_count));
    return wish;
  }

 private:
  bool rare() { return random_() % 40 == 0; }
  std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::int64_t number(const std::vector<std::int64_t>& from) {
    return from[random_() % from.size()];
  }
  std::int64_t any_number() {
    return random_() % 2 == 0 ? static_cast<std::int64_t>(random_() % 60)
                              : number({INT64_MIN, INT64_MAX, -1, 0, 1, 50, 51});
  }

  sequencer::Key key() {
    sequencer::Key key;
    for (std::uint8_t& byte : key.bytes) byte = static_cast<std::uint8_t>(random_());
    if (!rare()) {
      key.bytes[6] = static_cast<std::uint8_t>(0x70 | (key.bytes[6] & 15));
      key.bytes[8] = static_cast<std::uint8_t>(0x80 | (key.bytes[8] & 63));
    }
    return key;
  }
  Wish::Entity entity(std::size_t place) {
    Wish::Entity entity;
    if (!rare()) entity.kind = rare() ? "dragon" : place % 2 == 0 ? "boss" : "raider";
    if (!rare()) entity.id = rare() ? pick({"", "a\tb"}) : place % 2 == 0 ? "b1" : "42";
    if (place > 1 && entity.id) *entity.id += std::to_string(place);
    return entity;
  }
  std::optional<std::uint32_t> index(std::size_t count) {
    if (rare()) return rare() ? std::nullopt : std::optional(static_cast<std::uint32_t>(random_()));
    return count == 0 ? 0 : static_cast<std::uint32_t>(random_() % count);
  }
  std::optional<std::string> field() {
    return rare() ? std::nullopt : std::optional(pick({"hp", "hp", "max_hp", "damage"}));
  }
  Wish::Guard guard(std::size_t entity_count) {
    Wish::Guard guard{.entity = index(entity_count), .field = field()};
    guard.is = static_cast<Compare>(random_() % 10);
    const bool is_bare = guard.is < Compare::equal;
    if (is_bare == rare()) guard.value = any_number();
    if (guard.is == Compare::now_before && !rare()) guard.entity = {}, guard.field = {};
    if (guard.is == Compare::version && !rare()) guard.field = {};
    return guard;
  }
  Wish::Step step(std::size_t entity_count) {
    Wish::Step step{.entity = index(entity_count), .field = field()};
    step.operation = static_cast<Operation>(random_() % 9);
    if ((step.operation == Operation::remove) == rare()) step.value = any_number();
    const bool clamps =
        step.operation == Operation::add_clamp || step.operation == Operation::sub_clamp;
    if (clamps != rare()) {
      if (random_() % 3 == 0) step.bound = any_number();
      if (random_() % 3 == 0) step.bound_field = field();
    }
    return step;
  }

  std::mt19937_64 random_;
};

std::vector<SentCommand> read(const v1::Request& request, const Sender& sender) {
  const auto parsed = SocketRequest::parse(request.SerializeAsString());
  EXPECT_TRUE(parsed.ok());
  auto sent = parsed->commands(sender, raid());
  EXPECT_TRUE(sent.ok());
  return std::move(*sent);
}

TEST(SocketMessage, MeansWhatJsonMeans) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  Wishes wishes(seed);
  int right = 0, wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Wish wish = wishes.any();
    const std::string text = json_of(wish);
    for (const AccountId player : {AccountId{}, AccountId{42}}) {
      const Sender sender{.title = TitleId{7}, .player = player};
      const auto by_json = parse_commands(text, sender, raid());
      ASSERT_TRUE(by_json.ok()) << by_json.error().message();
      const SentCommand a = by_json->front();
      const SentCommand b = read(message_of(wish), sender).front();
      ASSERT_EQ(a.wrong, b.wrong) << text;
      ASSERT_EQ(a.has_key, b.has_key) << text;
      ASSERT_EQ(a.is_linked, b.is_linked) << text;
      ASSERT_EQ(a.deadline_ms, b.deadline_ms) << text;
      ASSERT_EQ(a.command, b.command) << text;
      ++(a.wrong.empty() ? right : wrong);
    }
  }
  // It proves only what it meets.
  EXPECT_GT(right, 1000);
  EXPECT_GT(wrong, 1000);
}

TEST(SocketMessage, CountsAtTheirLimitsAndOnePast) {
  v1::Request request;
  request.set_id(7);
  const auto commands = [&] {
    return SocketRequest::parse(request.SerializeAsString())
        ->commands({.title = TitleId{7}, .player = {}}, raid());
  };
  request.mutable_commands();
  EXPECT_FALSE(commands().ok());
  for (std::size_t i = 0; i < command_count_max; ++i) request.mutable_commands()->add_commands();
  EXPECT_EQ(commands()->size(), command_count_max);
  request.mutable_commands()->add_commands();
  EXPECT_FALSE(commands().ok());

  request.mutable_commands()->clear_commands();
  std::string& reason = *request.mutable_commands()->add_commands()->mutable_reason();
  reason.resize(commands_size_max - 50, 'x');
  reason.resize(reason.size() + commands_size_max - request.ByteSizeLong(), 'x');
  ASSERT_EQ(request.ByteSizeLong(), commands_size_max);
  EXPECT_TRUE(SocketRequest::parse(request.SerializeAsString()).ok());
  reason += 'x';
  EXPECT_FALSE(SocketRequest::parse(request.SerializeAsString()).ok());
}

TEST(SocketMessage, WhatIsNotKnownIsRefused) {
  const auto what = [](const std::string& bytes) { return SocketRequest::parse(bytes)->what(); };
  EXPECT_FALSE(SocketRequest::parse("\xff").ok());
  EXPECT_FALSE(SocketRequest::parse("\x1a\x05").ok());  // cut short
  testing::internal::CaptureStderr();
  EXPECT_FALSE(SocketRequest::parse("\x1a\x05\x0a\x03\x1a\x01\xff").ok());  // a reason of no UTF-8
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(what(""), SocketRequest::What::unknown);
  EXPECT_EQ(what("\x08\x05"), SocketRequest::What::unknown);
  const std::string unknown = "\x78\x01";  // field 15
  v1::Request request;
  request.mutable_sign_in()->set_title_key("mk_x");
  EXPECT_EQ(what(request.SerializeAsString()), SocketRequest::What::sign_in);
  EXPECT_EQ(what(request.SerializeAsString() + unknown), SocketRequest::What::unknown);
  request.mutable_sign_in()->MergeFromString(unknown);
  EXPECT_EQ(what(request.SerializeAsString()), SocketRequest::What::unknown);

  const auto wrong_with = [&](auto part) {
    v1::Request good = message_of({.key = parse_key("0193e0a1-b2c3-7d4e-8f50-123456789abc"),
                                   .arena = "raid",
                                   .entities = {{.kind = "boss", .id = "b1"}},
                                   .guards = {{.entity = 0, .is = Compare::exists}},
                                   .steps = {{.entity = 0, .field = "hp", .value = 1}}});
    google::protobuf::Message* const changed = part(*good.mutable_commands()->mutable_commands(0));
    if (changed != nullptr) EXPECT_TRUE(changed->MergeFromString(unknown));
    return read(good, {.title = TitleId{7}, .player = {}}).front().wrong;
  };
  EXPECT_EQ(wrong_with([](v1::Command&) { return nullptr; }), "");
  const std::string not_known = "has a field that is not known here";
  EXPECT_EQ(wrong_with([](v1::Command& one) { return &one; }), not_known);
  EXPECT_EQ(wrong_with([](v1::Command& one) { return one.mutable_entities(0); }),
            "entities[0]: " + not_known);
  EXPECT_EQ(wrong_with([](v1::Command& one) { return one.mutable_guards(0); }),
            "guards[0]: " + not_known);
  EXPECT_EQ(wrong_with([](v1::Command& one) { return one.mutable_steps(0); }),
            "steps[0]: " + not_known);
  const auto with = [&](auto change) {
    return wrong_with([&](v1::Command& one) -> google::protobuf::Message* {
      change(one);
      return nullptr;
    });
  };
  EXPECT_EQ(with([](v1::Command& one) { one.set_key("short"); }), "key: is not a UUID");
  EXPECT_EQ(with([](v1::Command& one) { one.mutable_guards(0)->clear_is(); }),
            "guards[0]: is: is missing");
  EXPECT_EQ(with([](v1::Command& one) { one.mutable_steps(0)->clear_do_(); }),
            "steps[0]: do: is missing");
  for (const int number : {-1, 11, 12}) {
    EXPECT_EQ(with([&](v1::Command& one) {
                one.mutable_guards(0)->set_is(static_cast<v1::Compare>(number));
              }),
              "guards[0]: is: is none that is known here");
    EXPECT_EQ(with([&](v1::Command& one) {
                one.mutable_steps(0)->set_do_(static_cast<v1::Operation>(number));
              }),
              "steps[0]: do: is none that is known here");
  }
}

TEST(SocketMessage, AnAnswerSaysWhatTheOutcomeSays) {
  Told applied{
      .key = parse_key("0193e0a1-b2c3-7d4e-8f50-123456789abc"),
      .entities = {{sequencer::KindIndex{1}, "b1"}},
      .outcome = {.verdict = Verdict::applied, .duplicate = true, .seq = 17, .time_ms = 5}};
  sequencer::Entity boss{.version = 3};
  boss.set(0, -90);
  applied.outcome.entities.push_back({.entity = 0, .state = boss});
  Told rejected = applied;
  rejected.outcome.verdict = Verdict::rejected;
  rejected.outcome.guard = 2;
  Told failed = applied;
  failed.outcome = {.verdict = Verdict::linked_failed, .seq = 18, .time_ms = 6, .linked = 1};
  const Told wrong{.outcome = {.verdict = Verdict::invalid, .message = "no"}};
  ToldAll told{.outcomes = {applied, rejected, failed, wrong}};
  told.token.raise(5, 18);

  v1::Response response;
  ASSERT_TRUE(response.ParseFromString(outcomes_message(9, told, raid().schema)));
  EXPECT_EQ(response.id(), 9U);
  const v1::Outcomes& outcomes = response.outcomes();
  EXPECT_EQ(outcomes.token(), told.token.to_token());
  ASSERT_EQ(outcomes.outcomes_size(), 4);
  const v1::Outcome& first = outcomes.outcomes(0);
  EXPECT_EQ(first.key(), std::string(applied.key->bytes.begin(), applied.key->bytes.end()));
  EXPECT_EQ(first.outcome(), v1::VERDICT_APPLIED);
  EXPECT_TRUE(first.duplicate() && !first.has_guard() && !first.has_linked());
  EXPECT_EQ(first.seq(), 17U);
  EXPECT_EQ(first.time_ms(), 5);
  ASSERT_TRUE(first.entities_size() == 1 && first.entities(0).fields_size() == 1);
  EXPECT_EQ(first.entities(0).kind(), "boss");
  EXPECT_EQ(first.entities(0).id(), "b1");
  EXPECT_EQ(first.entities(0).version(), 3U);
  EXPECT_EQ(first.entities(0).fields(0).name(), "hp");
  EXPECT_EQ(first.entities(0).fields(0).value(), -90);
  EXPECT_EQ(outcomes.outcomes(1).guard(), 2U);
  EXPECT_EQ(outcomes.outcomes(2).linked(), 1U);
  EXPECT_EQ(outcomes.outcomes(2).entities_size(), 0);
  EXPECT_EQ(outcomes.outcomes(3).key(), "");
  EXPECT_EQ(outcomes.outcomes(3).message(), "no");

  ASSERT_TRUE(response.ParseFromString(error_message(8, Error(Code::exhausted, "slowly"), 3)));
  EXPECT_EQ(response.id(), 8U);
  EXPECT_EQ(response.error().code(), "exhausted");
  EXPECT_EQ(response.error().detail(), "slowly");
  EXPECT_EQ(response.error().retry_after_s(), 3U);
  ASSERT_TRUE(response.ParseFromString(signed_in_message(7, 1'790'000'000'000)));
  EXPECT_EQ(response.signed_in().server_time_ms(), 1'790'000'000'000);
}

}  // namespace
}  // namespace matsuri::game
