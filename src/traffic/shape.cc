#include "traffic/shape.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/sentence.h"

namespace matsuri::traffic {
namespace {

// A slot for each second of half an hour.
constexpr std::size_t slot_count = 1800;

}  // namespace

Shape::Shape(std::vector<double> weights) : sums_(std::move(weights)) {
  for (std::size_t i = 1; i < sums_.size(); ++i) sums_[i] += sums_[i - 1];
  const double all = sums_.back();
  for (double& sum : sums_) sum /= all;
}

// It rises for 20 s, falls away, and goes on with those who come late.
Shape Shape::broadcast() {
  constexpr double rise = slot_count / 90.0, fall = slot_count * 0.0397, peak = 18;
  constexpr std::size_t sixth = slot_count / 6;
  constexpr double early = 0.8 * slot_count, late = 0.2 * slot_count / (slot_count - sixth);
  std::vector<double> weights(slot_count, late);
  double sum = 0;
  for (std::size_t i = 0; i < sixth; ++i) {
    const double at = static_cast<double>(i) + 0.5;
    weights[i] = at < rise ? peak * at / rise : peak * std::exp(-(at - rise) / fall);
    sum += weights[i];
  }
  for (std::size_t i = 0; i < sixth; ++i) weights[i] *= early / sum;
  return Shape(std::move(weights));
}

Shape Shape::step() { return Shape({1, 10, 1}); }

Result<Shape> Shape::trace(std::string_view text) {
  std::vector<double> weights;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::uint32_t count = 0;
    const auto [rest, fault] = std::from_chars(text.data(), text.data() + end, count);
    if (fault != std::errc() || rest != text.data() + end)
      return Error(Code::invalid, sentence("trace: line ", line, " is no whole number"));
    if (count > 0) weights.push_back(count);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (weights.empty()) return Error(Code::invalid, "trace: nobody comes");
  return Shape(std::move(weights));
}

double Shape::time_of(double part) const {
  const auto slot = std::ranges::upper_bound(sums_, part) - sums_.begin();
  const auto index = std::min(static_cast<std::size_t>(slot), sums_.size() - 1);
  const double before = index == 0 ? 0 : sums_[index - 1];
  const double within = (part - before) / (sums_[index] - before);
  return (static_cast<double>(index) + within) / static_cast<double>(sums_.size());
}

}  // namespace matsuri::traffic
