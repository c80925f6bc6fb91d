#include "timeline/crowds.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace matsuri::timeline {

void Crowds::Crowd::go_on_to(std::int64_t hour) {
  const std::int64_t first = std::max(last_hour + 1, hour - crowd_hours + 1);
  for (std::int64_t empty = first; empty <= hour; ++empty) at(empty) = 0;
  last_hour = hour;
}

void Crowds::Crowd::sum_up() {
  people_count = 0;
  light = 0;
  for (std::int64_t age = 0; age < crowd_hours && age <= last_hour; ++age) {
    const std::uint32_t count = at(last_hour - age);
    if (count == 0) continue;
    people_count += count;
    light += count * std::exp2(-static_cast<double>(age) / crowd_half_life_hours);
  }
  is_known = true;
}

void Crowds::note(TitleId title, AccountId person, std::int64_t unix_ms) {
  const std::int64_t hour = hour_of(unix_ms);
  note_in(title, person, hour);
  note_in(TitleId{}, person, hour);
  if (hours_of_.size() > pair_count_max_) forget_older_half();
}

void Crowds::note_in(TitleId title, AccountId person, std::int64_t hour) {
  Crowd& crowd = crowds_[title];
  if (hour > crowd.last_hour) {
    crowd.go_on_to(hour);
    crowd.is_known = false;
  }
  if (!crowd.has(hour)) return;
  const auto [known, is_new] = hours_of_.try_emplace(Pair{title, person}, hour);
  if (!is_new) {
    if (known->second >= hour) return;
    if (crowd.has(known->second)) --crowd.at(known->second);
    known->second = hour;
  }
  ++crowd.at(hour);
  crowd.is_known = false;
}

// Those that no longer count go first of all, as they are the oldest of their titles.
void Crowds::forget_older_half() {
  std::erase_if(hours_of_, [&](const auto& known) {
    return !crowds_.at(known.first.title).has(known.second);
  });
  if (hours_of_.size() <= pair_count_max_ / 2) return;
  std::vector<std::int64_t> hours;
  hours.reserve(hours_of_.size());
  for (const auto& [pair, hour] : hours_of_) hours.push_back(hour);
  const auto middle = hours.begin() + static_cast<std::ptrdiff_t>(hours.size() / 2);
  std::ranges::nth_element(hours, middle);
  std::size_t left = hours.size() / 2;  // so many go, also where all are of one hour
  std::erase_if(hours_of_, [&, limit = *middle](const auto& known) {
    if (known.second > limit || left == 0) return false;
    --left;
    return true;
  });
}

const Crowds::Crowd* Crowds::summed(TitleId title) const {
  const auto found = crowds_.find(title);
  if (found == crowds_.end()) return nullptr;
  if (!found->second.is_known) found->second.sum_up();
  return &found->second;
}

std::uint64_t Crowds::people_count(TitleId title) const {
  const Crowd* crowd = summed(title);
  return crowd == nullptr ? 0 : crowd->people_count;
}

std::int64_t Crowds::last_hour(TitleId title) const {
  const auto found = crowds_.find(title);
  return found == crowds_.end() ? 0 : found->second.last_hour;
}

double Crowds::brightness(TitleId title) const {
  const Crowd* crowd = summed(title);
  if (crowd == nullptr) return 0;
  const std::int64_t age = last_hour(TitleId{}) - crowd->last_hour;
  return crowd->light * std::exp2(-static_cast<double>(age) / crowd_half_life_hours);
}

}  // namespace matsuri::timeline
