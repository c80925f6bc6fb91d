// Bugs that are planted around a view, so that the comparison is seen to find them. None of them
// can be reached from the product.
#pragma once

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "model/event.h"
#include "stream/view.h"

namespace matsuri::property {

struct Plant {
  std::string_view name;
  std::string_view view;
  // What the view is made to see of a record.
  std::function<void(stream::Record&)> distort;
  bool memory_is_deaf = false;   // what is in memory beside the rows hears of no commit
  bool positions_apart = false;  // the position is committed before the rows
};

// A fact that no view makes anything of.
inline Event nothing() { return CredentialClosed{}; }

class PlantedView final : public stream::View {
 public:
  PlantedView(stream::View& view, const Plant& plant) : view_(view), plant_(plant) {}

  std::string_view name() const override { return view_.name(); }
  bool wants(EventKind kind) const override { return view_.wants(kind); }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override {
    std::vector<stream::Record> seen(records.begin(), records.end());
    if (plant_.distort)
      for (stream::Record& record : seen) plant_.distort(record);
    return view_.apply(connection, seen, result);
  }
  void committed(std::span<const stream::Record> records,
                 const stream::BatchResult& result) override {
    if (!plant_.memory_is_deaf) view_.committed(records, result);
  }

 private:
  stream::View& view_;
  const Plant& plant_;
};

}  // namespace matsuri::property
