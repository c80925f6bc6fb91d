// What an import makes in strict transactions: people, titles and communities of a batch of lines.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "import/import_ids.h"
#include "import/importer.h"
#include "import/internal/known.h"
#include "import/line.h"

namespace matsuri::imports::internal {

// Most lines are taken: what is kept of one is little more than its text.
struct Item {
  std::uint64_t number;
  Line line;
};

struct Refused {
  std::uint64_t number;
  Refusal refusal;
};

// Lines of one file that are looked up, and written, together.
struct Batch {
  std::size_t line_count = 0;
  std::vector<Item> items;
  std::vector<Refused> refused;

  void refuse(std::uint64_t number, RefusalCode code, std::string detail) {
    refused.push_back({number, {.code = code, .detail = std::move(detail)}});
  }
};

// People, titles and communities that lines may name: from before, or of a line above.
class Strict {
 public:
  Strict(const ImporterParts& parts, ImportIds& ids, Summary& summary);

  // Makes what the batch has new of them, each kind in one transaction, and counts and refuses
  // their lines.
  Result<void> take(Batch& batch);

  // What a line of that number may name; 0 where there is nothing above it. Of the batch that was
  // taken last.
  AccountId account(const Name& name, std::uint64_t number) {
    return AccountId{users_.find(name, number)};
  }
  CommunityId community(const Name& name, std::uint64_t number) {
    return CommunityId{communities_.find(name, number)};
  }

 private:
  // One kind of thing: from before, and of the batch with the line that brought it.
  struct Kind {
    struct Made {
      std::uint64_t id;
      std::uint64_t number;
    };
    Known known;
    std::unordered_map<std::string, Made> made;  // by key_of()

    std::uint64_t find(const Name& name, std::uint64_t number);
    // From now on it is one of those from before.
    void settle();
  };

  Result<void> load(const Batch& batch);
  // The first line of each that no import has made; others count as known.
  template <class AnyLine>
  std::vector<const Item*> new_of(const Batch& batch, Kind& kind);
  Result<std::vector<std::uint64_t>> ids_for(std::span<const Item* const> items);

  Result<void> make_users(Batch& batch);
  Result<void> make_some(const std::vector<account::ImportedAccount>& wanted,
                         std::span<const Item* const> items, std::vector<const Item*>& conflicts,
                         std::vector<account::ImportedAccount>& again);
  Result<void> make_titles(Batch& batch);
  Result<void> make_communities(Batch& batch);

  const ImporterParts& parts_;
  ImportIds& ids_;
  Summary& summary_;
  Kind users_;
  Kind titles_;
  Kind communities_;
};

inline Name name_of(const LineKey& key) { return {key.source, key.id}; }

}  // namespace matsuri::imports::internal
