#include "match/descriptor.h"

#include <cstring>

#include "match/internal/kernel.h"

namespace matsuri::match {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t header_size = 4;
constexpr std::size_t frame_size = sizeof(std::uint16_t) + patterns_per_block;
static_assert(header_size + frame_size * frame_count_max == descriptor_size_max);

}  // namespace

Result<Descriptor> parse(Bytes wire) {
  const auto invalid = [](const char* what) { return Error(Code::invalid, what); };
  if (wire.size() < header_size) return invalid("the descriptor is shorter than its header");
  if (load<std::uint8_t>(wire, 0) != version) return invalid("the descriptor's version is not 1");
  Descriptor out;
  out.frame_count = load<std::uint8_t>(wire, 1);
  if (out.frame_count < frame_count_min || out.frame_count > frame_count_max)
    return invalid("the descriptor has not 12 to 24 frames");
  if (load<std::uint16_t>(wire, 2) != 0) return invalid("the descriptor's reserved bytes are set");
  if (wire.size() != header_size + frame_size * out.frame_count)
    return invalid("the descriptor is not as long as its frames");

  for (std::size_t i = 0; i < out.frame_count; ++i) {
    Frame& frame = out.frames[i];
    const std::size_t at = header_size + frame_size * i;
    frame.t_ms = load<std::uint16_t>(wire, at);
    std::memcpy(frame.values.data(), wire.data() + at + sizeof frame.t_ms, frame.values.size());
    if (i == 0 ? frame.t_ms != 0 : frame.t_ms <= out.frames[i - 1].t_ms)
      return invalid("the descriptor's times do not grow from 0");
    for (const std::int8_t value : frame.values)
      if (value == INT8_MIN) return invalid("the descriptor has a value below -127");
  }
  if (out.burst_ms() < burst_ms_min || out.burst_ms() > burst_ms_max)
    return invalid("the descriptor's burst does not last 1.4 to 3.4 s");
  return out;
}

std::string pack(const Descriptor& descriptor) {
  std::string out(header_size + frame_size * descriptor.frame_count, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(out));
  store(bytes, 0, version);
  store(bytes, 1, static_cast<std::uint8_t>(descriptor.frame_count));
  for (std::size_t i = 0; i < descriptor.frame_count; ++i) {
    const Frame& frame = descriptor.frames[i];
    const std::size_t at = header_size + frame_size * i;
    store(bytes, at, frame.t_ms);
    std::memcpy(out.data() + at + sizeof frame.t_ms, frame.values.data(), frame.values.size());
  }
  return out;
}

bool is_flat(const Descriptor& descriptor) {
  return internal::energy(internal::burst_of(descriptor)) <
         internal::energy_floor(descriptor.frame_count) / 4;
}

}  // namespace matsuri::match
