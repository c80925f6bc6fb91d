#include "game/socket_message.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include <cstring>
#include <optional>
#include <utility>

#include "base/sentence.h"
#include "game.pb.h"
#include "game/internal/command_builder.h"

namespace matsuri::game {
namespace {

using google::protobuf::Arena;
using sequencer::Compare;
using sequencer::Operation;
using sequencer::Outcome;
using sequencer::Verdict;

// The numbers of the file are those of the sequencer, where none is kept for "nothing".
std::optional<Compare> compare_of(v1::Compare compare) {
  static_assert(v1::COMPARE_EXISTS == static_cast<int>(Compare::exists) + 1);
  static_assert(v1::COMPARE_GREATER_EQUAL == static_cast<int>(Compare::greater_equal) + 1);
  static_assert(v1::COMPARE_NOW_BEFORE == static_cast<int>(Compare::now_before) + 1);
  if (!v1::Compare_IsValid(compare)) return std::nullopt;
  return static_cast<Compare>(compare - 1);
}
std::optional<Operation> operation_of(v1::Operation operation) {
  static_assert(v1::OPERATION_ADD == static_cast<int>(Operation::add) + 1);
  static_assert(v1::OPERATION_SET == static_cast<int>(Operation::set) + 1);
  static_assert(v1::OPERATION_REMOVE == static_cast<int>(Operation::remove) + 1);
  if (!v1::Operation_IsValid(operation)) return std::nullopt;
  return static_cast<Operation>(operation - 1);
}
v1::Verdict verdict_of(Verdict verdict) {
  static_assert(v1::VERDICT_APPLIED == static_cast<int>(Verdict::applied));
  static_assert(v1::VERDICT_LINKED_FAILED == static_cast<int>(Verdict::linked_failed));
  static_assert(v1::VERDICT_OVERLOADED == static_cast<int>(Verdict::overloaded));
  static_assert(v1::VERDICT_KEY_FROM_FUTURE == static_cast<int>(Verdict::key_from_future));
  static_assert(v1::VERDICT_UNKNOWN == static_cast<int>(Verdict::unknown));
  return static_cast<v1::Verdict>(verdict);
}

bool is_known(const google::protobuf::Message& message) {
  return message.GetReflection()->GetUnknownFields(message).empty();
}

// Reads one command.
class MessageReader {
 public:
  MessageReader(const Sender& sender, const TitleSchema& schema, SentCommand& sent)
      : sent_(sent), builder_(sender, schema, sent) {}

  void read(const v1::Command& from) {
    if (from.key().size() == sent_.command.key.bytes.size()) {
      std::memcpy(sent_.command.key.bytes.data(), from.key().data(), from.key().size());
      sent_.has_key = true;
    }
    sent_.is_linked = from.linked();
    if (is_whole(from) && read_head(from) && read_lists(from)) builder_.finish();
  }

 private:
  // A field that we don't know might have been a guard.
  bool is_whole(const google::protobuf::Message& from) {
    return is_known(from) || builder_.fail("has a field that is not known here");
  }

  bool read_head(const v1::Command& from) {
    WrittenHead head{.has_key = !from.key().empty(), .reason = from.reason()};
    if (from.has_arena()) head.arena = from.arena();
    if (from.has_deadline_ms()) head.deadline_ms = from.deadline_ms();
    return builder_.head(head);
  }

  bool read_lists(const v1::Command& from) {
    return builder_.each("entities", from.entities(), command_entity_count_max,
                         [&](const v1::EntityName& one) { return read_entity(one); }) &&
           builder_.each("guards", from.guards(), command_guard_count_max,
                         [&](const v1::Guard& one) { return read_guard(one); }) &&
           builder_.each("steps", from.steps(), command_step_count_max,
                         [&](const v1::Step& one) { return read_step(one); });
  }

  bool read_entity(const v1::EntityName& from) {
    if (!is_whole(from)) return false;
    if (!from.has_kind()) return builder_.fail("kind: is missing");
    if (!from.has_id()) return builder_.fail("id: is missing");
    return builder_.entity({.kind = from.kind(), .id = from.id()});
  }

  bool read_guard(const v1::Guard& from) {
    if (!is_whole(from)) return false;
    if (from.is() == v1::COMPARE_UNSPECIFIED) return builder_.fail("is: is missing");
    WrittenGuard guard{.is = compare_of(from.is())};
    if (from.has_entity()) guard.entity = from.entity();
    if (from.has_field()) guard.field = from.field();
    if (from.has_value()) guard.value = from.value();
    return builder_.guard(guard);
  }

  bool read_step(const v1::Step& from) {
    if (!is_whole(from)) return false;
    if (from.do_() == v1::OPERATION_UNSPECIFIED) return builder_.fail("do: is missing");
    WrittenStep step{.operation = operation_of(from.do_())};
    if (from.has_entity()) step.entity = from.entity();
    if (from.has_field()) step.field = from.field();
    if (from.has_value()) step.value = from.value();
    if (from.has_bound()) step.bound = from.bound();
    if (from.has_bound_field()) step.bound_field = from.bound_field();
    return builder_.step(step);
  }

  SentCommand& sent_;
  CommandBuilder builder_;
};

void write_entity(v1::Entity& to, const Told& told, const sequencer::Seen& seen,
                  const sequencer::Schema& schema) {
  const auto& [kind_index, id] = told.entities[seen.entity];
  const sequencer::Kind& kind = schema.kinds[kind_index];
  to.set_kind(kind.name);
  to.set_id(id);
  to.set_version(seen.state.version);
  for (std::size_t f = 0; f < kind.fields.size(); ++f) {
    const auto field = static_cast<sequencer::FieldIndex>(f);
    if (!seen.state.has(field)) continue;
    v1::Field& value = *to.add_fields();
    value.set_name(kind.fields[f].name);
    value.set_value(seen.state.get(field));
  }
}

void write_told(v1::Outcome& to, const Told& told, const sequencer::Schema& schema) {
  const Outcome& outcome = told.outcome;
  if (told.key) to.set_key(told.key->bytes.data(), told.key->bytes.size());
  to.set_outcome(verdict_of(outcome.verdict));
  if (!sequencer::is_decided(outcome.verdict)) return to.set_message(outcome.message);
  to.set_duplicate(outcome.duplicate);
  to.set_seq(outcome.seq);
  to.set_time_ms(outcome.time_ms);
  if (outcome.verdict == Verdict::linked_failed) return to.set_linked(outcome.linked);
  if (outcome.verdict != Verdict::applied) to.set_guard(outcome.guard);
  for (const sequencer::Seen& seen : outcome.entities)
    write_entity(*to.add_entities(), told, seen, schema);
}

}  // namespace

class SocketRequest::Parsed {
 public:
  Arena arena;
  v1::Request& request = *Arena::CreateMessage<v1::Request>(&arena);
};

SocketRequest::SocketRequest(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
SocketRequest::~SocketRequest() = default;
SocketRequest::SocketRequest(SocketRequest&&) noexcept = default;

Result<SocketRequest> SocketRequest::parse(std::string_view bytes) {
  // The library would write a line to standard error for each text that is no UTF-8.
  [[maybe_unused]] static const auto before = google::protobuf::SetLogHandler(nullptr);
  auto parsed = std::make_unique<Parsed>();
  if (bytes.size() > commands_size_max ||
      !parsed->request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Error(Code::invalid, "is no Request of game.proto");
  return SocketRequest(std::move(parsed));
}

std::uint64_t SocketRequest::id() const { return parsed_->request.id(); }

SocketRequest::What SocketRequest::what() const {
  const v1::Request& request = parsed_->request;
  if (!is_known(request)) return What::unknown;
  if (request.has_sign_in()) return is_known(request.sign_in()) ? What::sign_in : What::unknown;
  return request.has_commands() && is_known(request.commands()) ? What::commands : What::unknown;
}

std::string_view SocketRequest::title_key() const { return parsed_->request.sign_in().title_key(); }
std::string_view SocketRequest::player_token() const {
  return parsed_->request.sign_in().player_token();
}

Result<std::vector<SentCommand>> SocketRequest::commands(const Sender& sender,
                                                         const TitleSchema& schema) const {
  const auto& commands = parsed_->request.commands().commands();
  const auto count = static_cast<std::size_t>(commands.size());
  if (count < 1 || count > command_count_max)
    return Error(Code::invalid,
                 sentence("commands: 1 to ", command_count_max, " are taken at once"));
  std::vector<SentCommand> sent;
  sent.reserve(count);
  for (const v1::Command& one : commands)
    MessageReader(sender, schema, sent.emplace_back()).read(one);
  return sent;
}

std::string outcomes_message(std::uint64_t id, const ToldAll& told,
                             const sequencer::Schema& schema) {
  Arena arena;
  v1::Response& response = *Arena::CreateMessage<v1::Response>(&arena);
  response.set_id(id);
  v1::Outcomes& outcomes = *response.mutable_outcomes();
  outcomes.mutable_outcomes()->Reserve(static_cast<int>(told.outcomes.size()));
  for (const Told& one : told.outcomes) write_told(*outcomes.add_outcomes(), one, schema);
  outcomes.set_token(told.token.to_token());
  return response.SerializeAsString();
}

std::string signed_in_message(std::uint64_t id, std::int64_t server_time_ms) {
  v1::Response response;
  response.set_id(id);
  response.mutable_signed_in()->set_server_time_ms(server_time_ms);
  return response.SerializeAsString();
}

std::string error_message(std::uint64_t id, const Error& error, std::int64_t retry_s) {
  v1::Response response;
  response.set_id(id);
  v1::Error& said = *response.mutable_error();
  said.set_code(std::string(name_of(error.code())));
  said.set_detail(error.message());
  said.set_retry_after_s(static_cast<std::uint32_t>(retry_s));
  return response.SerializeAsString();
}

}  // namespace matsuri::game
