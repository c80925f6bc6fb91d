#include "timeline/rows.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "timeline/query.h"

namespace matsuri::timeline {
namespace {

std::size_t size_of(const Row& row) {
  // The map's node, the place in the order, the counts of the pointer, and what the allocator adds.
  constexpr std::size_t around = 160;
  const Post& post = row.post;
  return sizeof(Row) + around + row.rendered.capacity() + post.text.capacity() +
         post.author.name.capacity() + post.author.handle.capacity() + post.tag.capacity() +
         post.language.capacity();
}

}  // namespace

Rows::Rows(Render render, const RowOptions& options, metrics::Registry* metrics)
    : render_(render),
      options_(options),
      stamps_(std::make_unique<std::atomic<std::uint64_t>[]>(options.stamp_count)) {
  MATSURI_ASSERT(std::has_single_bit(options.stamp_count), "a power of two");
  if (metrics == nullptr) return;
  constexpr std::string_view help = "Posts of pages, by whether they were in memory.";
  hit_count_ = &metrics->counter("matsuri_timeline_rows_total", help, {{"found", "memory"}});
  miss_count_ = &metrics->counter("matsuri_timeline_rows_total", help, {{"found", "database"}});
  size_gauge_ = metrics->gauge_from("matsuri_timeline_rows_bytes", "Memory of posts of pages.", {},
                                    [this] { return static_cast<double>(usage().size); });
}

std::atomic<std::uint64_t>& Rows::stamp(std::uint64_t id) const {
  const std::uint64_t mixed = id * 0x9e3779b97f4a7c15U;
  return stamps_[(mixed ^ mixed >> 32) & (options_.stamp_count - 1)];
}

bool Rows::is_true(const Row& row, Moment read_at) const {
  return stamp(row.post.id.value).load(std::memory_order_acquire) <= read_at.commit_index &&
         stamp(row.post.author.id.value).load(std::memory_order_acquire) <= read_at.commit_index;
}

void Rows::committed(std::span<const stream::Record> records) {
  // Whoever takes the new index as its moment reads a snapshot that has the commit.
  const std::uint64_t index = commit_index_.load(std::memory_order_relaxed) + 1;
  commit_index_.store(index, std::memory_order_release);
  const auto change = [&](std::uint64_t id) {
    if (id != 0) stamp(id).store(index, std::memory_order_release);
  };
  for (const stream::Record& record : records) {
    if (const auto* published = std::get_if<PublishPost>(&record.event)) {
      change(published->parent.value);  // has a comment more
    } else if (const auto* edit = std::get_if<EditPost>(&record.event)) {
      change(edit->post.value);
    } else if (const auto* deletion = std::get_if<DeletePost>(&record.event)) {
      change(deletion->post.value);
      change(deletion->parent.value);
    } else if (const auto* told = std::get_if<PostPublished>(&record.event)) {
      change(told->parent.value);
    } else if (const auto* edited = std::get_if<PostEdited>(&record.event)) {
      change(edited->post.value);
    } else if (const auto* deleted = std::get_if<PostDeleted>(&record.event)) {
      change(deleted->post.value);
      change(deleted->parent.value);
    } else if (const auto* empathy = std::get_if<EmpathyChanged>(&record.event)) {
      change(empathy->post.value);
    } else if (const auto* account = std::get_if<AccountChanged>(&record.event)) {
      change(account->account.value);
    }
  }
}

// Fills in the rows that are in memory; gives how many.
std::size_t Rows::look_up(std::span<const PostId> ids, std::vector<RowPtr>& rows) {
  std::size_t count = 0;
  const std::shared_lock lock(mutex_);
  for (std::size_t index = 0; index < ids.size(); ++index) {
    const auto entry = entries_.find(ids[index]);
    if (entry == entries_.end()) continue;
    Entry& found = entry->second;
    if (!is_true(*found.row, found.read_at)) continue;
    if (!found.is_used.load(std::memory_order_relaxed))
      found.is_used.store(true, std::memory_order_relaxed);
    rows[index] = found.row;
    ++count;
  }
  return count;
}

std::optional<std::vector<RowPtr>> Rows::find(std::span<const PostId> ids) {
  std::vector<RowPtr> rows(ids.size());
  if (look_up(ids, rows) < ids.size()) return std::nullopt;
  if (hit_count_ != nullptr) hit_count_->add(ids.size());
  return rows;
}

Result<std::vector<RowPtr>> Rows::read(sql::Connection& connection, Moment moment,
                                       std::span<const PostId> ids) {
  std::vector<RowPtr> rows(ids.size());
  const std::size_t found_count = look_up(ids, rows);
  if (hit_count_ != nullptr) {
    hit_count_->add(found_count);
    miss_count_->add(ids.size() - found_count);
  }
  if (found_count == ids.size()) return rows;
  std::vector<PostId> missing;
  for (std::size_t index = 0; index < ids.size(); ++index)
    if (rows[index] == nullptr) missing.push_back(ids[index]);
  TRY_ASSIGN(std::vector<Post> posts, read_kept_posts(connection, missing));
  std::vector<RowPtr> fresh;
  fresh.reserve(posts.size());
  for (Post& post : posts) {
    std::string rendered = render_(post);
    fresh.push_back(std::make_shared<const Row>(Row{std::move(post), std::move(rendered)}));
  }
  keep(moment, fresh);
  auto next = fresh.begin();
  for (std::size_t index = 0; index < ids.size() && next != fresh.end(); ++index)
    if (rows[index] == nullptr && (*next)->post.id == ids[index]) rows[index] = *next++;
  std::erase(rows, nullptr);
  return rows;
}

void Rows::keep(Moment moment, std::span<const RowPtr> rows) {
  std::vector<RowPtr> gone;  // freed without the lock
  const std::unique_lock lock(mutex_);
  for (const RowPtr& row : rows) {
    if (!is_true(*row, moment)) continue;
    const auto [place, is_new] = entries_.try_emplace(row->post.id);
    Entry& entry = place->second;
    if (is_new) {
      order_.push_back(row->post.id);
    } else {
      if (moment.commit_index < entry.read_at.commit_index) continue;
      size_ -= size_of(*entry.row);
      gone.push_back(std::move(entry.row));
    }
    entry.row = row;
    entry.read_at = moment;
    size_ += size_of(*row);
  }
  while (size_ > options_.size_max) {
    const PostId id = order_.front();
    order_.pop_front();
    const auto place = entries_.find(id);
    Entry& entry = place->second;
    const bool was_used = entry.is_used.exchange(false, std::memory_order_relaxed);
    if (was_used && is_true(*entry.row, entry.read_at)) {
      order_.push_back(id);
      continue;
    }
    size_ -= size_of(*entry.row);
    gone.push_back(std::move(entry.row));
    entries_.erase(place);
  }
}

Rows::Usage Rows::usage() const {
  const std::shared_lock lock(mutex_);
  return {.count = entries_.size(), .size = size_};
}

}  // namespace matsuri::timeline
