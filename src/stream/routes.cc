#include "stream/routes.h"

#include <memory>
#include <utility>

#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::stream {
namespace {

struct Parts {
  const Stream& stream;
  const std::vector<CommandView> views;
};
using PartsPtr = std::shared_ptr<const Parts>;

constexpr std::string_view state_names[] = {"pending", "applied", "duplicate", "refused",
                                            "quarantined"};

// Whether the view that the command is for has stored what became of it.
bool is_verdict(const CommandStatus& status) {
  return status.state != CommandState::pending && status.state != CommandState::applied;
}

http::Response render(const CommandStatus& status) {
  http::Response response;
  json::Writer writer(response.body);
  writer.begin_object().field("status", state_names[static_cast<std::size_t>(status.state)]);
  if (status.state == CommandState::refused)
    writer.field("code", name_of(status.code)).field("reason", status.reason);
  writer.end_object();
  return response;
}

http::Response missing() {
  return http::problem(Error(Code::not_found, "there is no such command of yours"));
}

// One question to each view, one after the other, until one of them has a verdict. Where none has,
// the command is in effect once no view is behind it, and one has it behind itself: an origin that
// nobody reads counts as passed.
class Inquiry : public std::enable_shared_from_this<Inquiry> {
 public:
  Inquiry(PartsPtr parts, const Position& position, http::RequestPtr request,
          http::Responder respond)
      : parts_(std::move(parts)),
        position_(position),
        request_(std::move(request)),
        respond_(std::move(respond)) {
    PositionSet positions;
    positions.raise(position);
    // Before the questions: a view that has passed a record has stored its verdict.
    has_passed_ = parts_->stream.has_passed(positions);
  }

  void ask(std::size_t index) {
    if (index == parts_->views.size()) return respond_.send(render(undisputed()));
    const CommandView& view = parts_->views[index];
    sql::read_value<CommandStatus>(
        view.outbox.db(), *request_->executor,
        [name = view.name, position = position_](sql::Connection& connection) {
          return command_status(connection, name, position);
        },
        [self = shared_from_this(), index](Result<CommandStatus> status) {
          self->hear(index, std::move(status));
        });
  }

 private:
  void hear(std::size_t index, Result<CommandStatus> heard) {
    if (!heard.ok()) return respond_.send(http::problem(heard.error()));
    CommandStatus& status = heard.value();
    if (is_verdict(status)) {
      if (status.account != request_->caller.account) return respond_.send(missing());
      return respond_.send(render(status));
    }
    is_stored_ = is_stored_ || status.state == CommandState::applied;
    ask(index + 1);
  }

  CommandStatus undisputed() const {
    return {.state = has_passed_ && is_stored_ ? CommandState::applied : CommandState::pending};
  }

  PartsPtr parts_;
  Position position_;
  http::RequestPtr request_;
  http::Responder respond_;
  bool has_passed_ = false;
  bool is_stored_ = false;  // a view has it, or what came after it, in its database
};

// GET /v1/commands/{position}: what became of one of the caller's own commands.
void get_command(const PartsPtr& parts, const http::RequestPtr& request, http::Responder respond) {
  const auto position = Position::parse(request->path_parameter("position"));
  if (!position.ok()) return respond.send(missing());
  std::make_shared<Inquiry>(parts, *position, request, std::move(respond))->ask(0);
}

}  // namespace

void add_routes(http::Router& router, const Stream& stream, std::vector<CommandView> views) {
  router.add(http::Method::get, "/v1/commands/{position}",
             {.needs_account = true, .waits_for_position = true},
             [parts = std::make_shared<const Parts>(Parts{stream, std::move(views)})](
                 const http::RequestPtr& request, http::Responder respond) {
               get_command(parts, request, std::move(respond));
             });
}

}  // namespace matsuri::stream
