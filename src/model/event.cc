#include "model/event.h"

namespace matsuri {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

EventKind kind_of(const Event& event) {
  return std::visit(Overloaded{[](const PublishPost&) { return EventKind::publish_post; },
                               [](const AccountChanged&) { return EventKind::account_changed; },
                               [](const BlockChanged&) { return EventKind::block_changed; },
                               [](const CredentialClosed&) { return EventKind::credential_closed; },
                               [](const PostPublished&) { return EventKind::post_published; },
                               [](const CommandRefused&) { return EventKind::command_refused; }},
                    event);
}

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::publish_post:
      return "publish_post";
    case EventKind::account_changed:
      return "account_changed";
    case EventKind::block_changed:
      return "block_changed";
    case EventKind::credential_closed:
      return "credential_closed";
    case EventKind::post_published:
      return "post_published";
    case EventKind::command_refused:
      return "command_refused";
  }
  return "unknown";
}

}  // namespace matsuri
