// What an import appends to its journal: the posts, comments, follows and empathies of a batch.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "import/import_ids.h"
#include "import/importer.h"
#include "import/internal/record_queue.h"
#include "import/internal/strict.h"

namespace matsuri::imports::internal {

class Deferred {
 public:
  Deferred(const ImporterParts& parts, ImportIds& ids, Strict& strict, const RecordQueue& queue,
           Summary& summary)
      : parts_(parts), ids_(ids), strict_(strict), queue_(queue), summary_(summary) {}

  // A record, and what it counts as once it is appended.
  struct Taken {
    RecordQueue::Record record;
    std::uint64_t Summary::* count;
  };
  // The records of a batch whose people and communities Strict has taken: posts first, then what
  // names them. Counts what is known and refuses lines. Follows and empathies are not looked up:
  // whether they are known is decided where they are applied.
  Result<std::vector<Taken>> take(Batch& batch);

 private:
  // A post that lines may name, and the line that brought it; 0 for those from before.
  struct Known {
    PostRef ref;
    std::uint64_t number = 0;
  };
  struct Chosen {
    std::uint64_t number;
    const PostLine* line;
    std::string key;
    PostRef ref;  // its id comes last
    PostRef parent;
  };

  // Reads which of the posts that the batch brings or names are in the tables.
  Result<void> load(const Batch& batch);
  const Known* find_post(const Name& name, bool is_comment, std::uint64_t number) const;

  Result<void> take_posts(Batch& batch, bool comments);
  bool choose(Batch& batch, std::uint64_t number, const PostLine& line, Chosen& chosen);
  bool choose_place(Batch& batch, std::uint64_t number, const PostLine& line, Chosen& chosen);
  void take_follow(Batch& batch, std::uint64_t number, const FollowLine& line);
  void take_empathy(Batch& batch, std::uint64_t number, const EmpathyLine& line);
  void add(std::uint64_t Summary::* count, const Event& event, std::uint64_t id, AccountId account,
           std::string key = {}, const PostRef& ref = {});

  const ImporterParts& parts_;
  ImportIds& ids_;
  Strict& strict_;
  const RecordQueue& queue_;
  Summary& summary_;
  std::unordered_map<std::string, Known> posts_;  // by timeline::source_key()
  std::vector<Taken> records_;
};

}  // namespace matsuri::imports::internal
