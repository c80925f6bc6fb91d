#include "queue.h"

#include <algorithm>
#include <utility>

#include "json.h"

namespace matsuri {
namespace {

// How much that is not needed any more may lie in the storage before it is written anew.
constexpr std::size_t waste_size_max = 256 * 1024;

std::string line_of(const Queue::Item& item) {
  return "{\"id\":" + std::to_string(item.id) + ",\"item\":" + item.payload + "}\n";
}

std::string owner_line(const std::string& owner) {
  return write_json(Json{{"owner", owner}}) + "\n";
}

}  // namespace

Result<std::unique_ptr<Queue>> Queue::open(std::unique_ptr<Storage> storage, QueueLimits limits) {
  std::unique_ptr<Queue> queue(new Queue(std::move(storage), limits));
  if (queue->storage_ == nullptr) return queue;
  const Result<std::string> text = queue->storage_->load();
  if (!text) return text.error();
  queue->read(*text);
  if (queue->was_damaged_) queue->storage_->set_aside(*text);
  const std::string all = queue->everything();
  if (const Result<Done> replaced = queue->storage_->replace(all); !replaced)
    return replaced.error();
  queue->stored_size_ = all.size();
  return queue;
}

void Queue::read(std::string_view text) {
  for (std::size_t end = 0; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    if (!read_line(text.substr(0, end))) was_damaged_ = true;
  if (items_.empty()) owner_.clear();
}

bool Queue::read_line(std::string_view line) {
  const Json json = parse_json(line);
  Reader from(json);
  if (from.has("owner")) {
    owner_ = from.text("owner");
    return from.ok();
  }
  const std::int64_t id = from.number("id");
  if (!from.ok() || id <= 0) return false;
  id_last_ = std::max(id_last_, static_cast<std::uint64_t>(id));
  const auto known = find(static_cast<std::uint64_t>(id));
  if (known != items_.end()) size_ -= known->payload.size();
  if (!from.has("item")) {
    if (known != items_.end()) items_.erase(known);
    return true;
  }
  std::string payload = write_json(from.object("item"));
  size_ += payload.size();
  if (known != items_.end())
    known->payload = std::move(payload);
  else
    items_.push_back(Item{static_cast<std::uint64_t>(id), std::move(payload)});
  return from.ok();
}

std::list<Queue::Item>::iterator Queue::find(std::uint64_t id) {
  return std::find_if(items_.begin(), items_.end(),
                      [id](const Item& item) { return item.id == id; });
}

Result<Done> Queue::append(const std::string& line) {
  if (storage_ == nullptr) return Done{};
  if (const Result<Done> appended = storage_->append(line); !appended) return appended.error();
  stored_size_ += line.size();
  return Done{};
}

Result<std::uint64_t> Queue::add(std::string payload) {
  if (items_.size() >= limits_.count_max)
    return Error{Code::exhausted,
                 "the queue is full: " + std::to_string(limits_.count_max) + " requests wait", 0,
                 0};
  if (size_ + payload.size() > limits_.size_max)
    return Error{Code::exhausted,
                 "the queue is full: it has " + std::to_string(limits_.size_max) + " bytes at most",
                 0, 0};
  Item item{id_last_ + 1, std::move(payload)};
  if (const Result<Done> appended = append(line_of(item)); !appended) return appended.error();
  id_last_ = item.id;
  size_ += item.payload.size();
  items_.push_back(std::move(item));
  return id_last_;
}

Result<Done> Queue::change(std::uint64_t id, std::string payload) {
  const auto known = find(id);
  if (known == items_.end()) return Done{};
  Item changed{id, std::move(payload)};
  if (const Result<Done> appended = append(line_of(changed)); !appended) return appended.error();
  size_ += changed.payload.size() - known->payload.size();
  *known = std::move(changed);
  return Done{};
}

void Queue::remove(std::uint64_t id) {
  const auto known = find(id);
  if (known == items_.end()) return;
  size_ -= known->payload.size();
  items_.erase(known);
  (void)append("{\"id\":" + std::to_string(id) + "}\n");
  tidy();
}

void Queue::set_owner(const std::string& owner) {
  if (owner_ == owner) return;
  owner_ = owner;
  (void)append(owner_line(owner));
}

std::string Queue::everything() const {
  std::string all;
  if (!owner_.empty()) all += owner_line(owner_);
  for (const Item& item : items_) all += line_of(item);
  return all;
}

void Queue::tidy() {
  if (storage_ == nullptr || stored_size_ <= size_ + waste_size_max) return;
  const std::string all = everything();
  if (storage_->replace(all)) stored_size_ = all.size();
}

}  // namespace matsuri
