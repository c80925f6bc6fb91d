#include "board/ranking.h"

#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <limits>
#include <unordered_map>
#include <utility>

namespace matsuri::board {
namespace {

// The smaller, the better: ~ turns the order of all numbers around, and overflows for none.
std::int64_t score_of(std::int64_t value, Order order) {
  return order == Order::low ? value : ~value;
}

struct Standing {
  std::int64_t score = 0;
  Reached reached;
};
using Item = std::pair<const std::string, Standing>;

struct Before {
  bool operator()(const Item* one, const Item* other) const {
    if (one->second.score != other->second.score) return one->second.score < other->second.score;
    if (one->second.reached != other->second.reached)
      return one->second.reached < other->second.reached;
    return one->first < other->first;
  }
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
};

// Points into the hash table, whose elements stay where they are.
using Tree = __gnu_pbds::tree<const Item*, __gnu_pbds::null_type, Before, __gnu_pbds::rb_tree_tag,
                              __gnu_pbds::tree_order_statistics_node_update>;

}  // namespace

struct Ranking::State {
  Order order;
  std::size_t size_max;
  std::unordered_map<std::string, Standing, Hash, std::equal_to<>> items;
  Tree tree;
  std::optional<Item> floor;  // the best that was left out

  // How many are better.
  std::size_t better_than(std::int64_t score) const {
    const Item probe(
        "", {.score = score, .reached = {.unix_ms = std::numeric_limits<std::int64_t>::min()}});
    return tree.order_of_key(&probe);
  }
};

Ranking::Ranking(Order order, std::size_t size_max)
    : state_(std::make_unique<State>(order, size_max)) {}

Ranking::~Ranking() = default;

void Ranking::set(std::string_view id, std::int64_t value, const Reached& reached) {
  remove(id);
  State& state = *state_;
  Item wanted(std::string(id), {.score = score_of(value, state.order), .reached = reached});
  if (state.floor && !Before()(&wanted, &*state.floor)) return;
  const auto [at, is_new] = state.items.insert(std::move(wanted));
  state.tree.insert(&*at);
  if (state.items.size() <= state.size_max) return;
  const auto worst = state.tree.find_by_order(state.tree.size() - 1);
  const Item* const out = *worst;
  state.floor.emplace(*out);
  state.tree.erase(worst);
  state.items.erase(state.items.find(out->first));
}

void Ranking::remove(std::string_view id) {
  const auto found = state_->items.find(id);
  if (found == state_->items.end()) return;
  state_->tree.erase(&*found);
  state_->items.erase(found);
}

std::size_t Ranking::size() const { return state_->items.size(); }

bool Ranking::is_thin() const {
  return state_->floor.has_value() && size() < state_->size_max - state_->size_max / 10;
}

std::optional<std::size_t> Ranking::index_of(std::string_view id) const {
  const auto found = state_->items.find(id);
  if (found == state_->items.end()) return std::nullopt;
  return state_->tree.order_of_key(&*found);
}

std::vector<Row> Ranking::rows(std::size_t index, std::size_t count_max) const {
  std::vector<Row> rows;
  std::int64_t score = 0;
  for (auto at = state_->tree.find_by_order(index); at != state_->tree.end(); ++at) {
    if (rows.size() == count_max) break;
    const Item& item = **at;
    const std::size_t rank = !rows.empty() && item.second.score == score
                                 ? rows.back().rank
                                 : state_->better_than(item.second.score) + 1;
    score = item.second.score;
    rows.push_back({.rank = rank, .id = item.first, .value = score_of(score, state_->order)});
  }
  return rows;
}

}  // namespace matsuri::board
