// The rooms of apply: each takes the records of its own kinds out of a batch.
#pragma once

#include <span>

#include "stream/view.h"

namespace matsuri::timeline::internal {

// Posts and comments: published, edited, deleted. In the order of the records.
Result<void> apply_posts(sql::Connection& connection, std::span<const stream::Record> records,
                         stream::BatchResult& result);

// Counts of empathy.
Result<void> apply_empathies(sql::Connection& connection, std::span<const stream::Record> records);

// Names and privacy, blocks, mutes, communities. The newest revision of each wins.
Result<void> apply_people(sql::Connection& connection, std::span<const stream::Record> records);

}  // namespace matsuri::timeline::internal
