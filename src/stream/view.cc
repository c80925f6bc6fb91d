#include "stream/view.h"

#include <utility>

namespace matsuri::stream {

void BatchResult::refuse(std::size_t index, Code code, std::string reason) {
  outcomes_[index] = Outcome::refused;
  refusals_.push_back({.index = index, .code = code, .reason = std::move(reason)});
}

void BatchResult::fact(Event event, std::int64_t unix_ms, AccountId account) {
  facts_.push_back({.event = std::move(event), .unix_ms = unix_ms, .account = account});
}

}  // namespace matsuri::stream
