// What a command has to be, whatever it was written in: here names become indexes, and here are the
// limits, the rules of players and the fingerprint. JSON and Protocol Buffers only take apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/sentence.h"
#include "game/command_json.h"
#include "game/model.h"
#include "sequencer/command.h"

namespace matsuri::game {

// The parts of a command as somebody wrote them; nothing where nothing stands.
struct WrittenHead {
  bool has_key = false;  // something stands there, whatever it is
  std::optional<std::string_view> arena;
  std::string_view reason;
  std::optional<std::int64_t> deadline_ms;
};
struct WrittenEntity {
  std::string_view kind;
  std::string_view id;
};
struct WrittenGuard {
  std::optional<std::int64_t> entity;
  std::optional<std::string_view> field;
  std::optional<sequencer::Compare> is;  // nothing: none that is known
  std::optional<std::int64_t> value;
};
struct WrittenStep {
  std::optional<std::int64_t> entity;
  std::optional<std::string_view> field;
  std::optional<sequencer::Operation> operation;
  std::optional<std::int64_t> value;
  std::optional<std::int64_t> bound;
  std::optional<std::string_view> bound_field;
};

// Makes one command of its parts, which come in the order of the functions. Each is false where
// something is wrong: sent.wrong says what, and nothing may follow. All must outlive the builder.
class CommandBuilder {
 public:
  // `sent` has its key, where it could be read, and is_linked.
  CommandBuilder(const Sender& sender, const TitleSchema& schema, SentCommand& sent)
      : sender_(sender), schema_(schema), sent_(sent), wrong_(sent.wrong) {}

  bool head(const WrittenHead& head);
  bool entity(const WrittenEntity& entity);
  bool guard(const WrittenGuard& guard);
  bool step(const WrittenStep& step);
  bool finish();

  // Calls `read` for each part of a list; what it says is wrong gets the part's place.
  template <class List, class Read>
  bool each(std::string_view name, const List& list, std::size_t count_max, Read read) {
    std::size_t index = 0;
    for (auto&& one : list) {
      if (index == count_max) return fail(sentence(name, ": at most ", count_max, " are taken"));
      if (!read(one)) return fail(sentence(name, "[", index, "]: ", wrong_));
      ++index;
    }
    return true;
  }

  bool fail(std::string message) {
    wrong_ = std::move(message);
    return false;
  }

 private:
  const sequencer::Kind* kind_of(std::optional<std::int64_t> index, std::uint8_t& entity);
  bool field_of(std::optional<std::string_view> name, const sequencer::Kind& kind,
                std::optional<sequencer::FieldIndex>& index);

  const Sender& sender_;
  const TitleSchema& schema_;
  SentCommand& sent_;
  std::string& wrong_;
  std::string_view arena_;
};

}  // namespace matsuri::game
