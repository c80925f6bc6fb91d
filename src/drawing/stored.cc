#include <string_view>

#include "base/assert.h"
#include "drawing/drawing.h"

namespace matsuri::drawing {
namespace {

constexpr std::string_view magic = "MD1";
constexpr std::uint32_t eraser_bit = 4;
constexpr std::uint32_t pen_mask = 3;
constexpr std::size_t varint_size_max = 3;  // every number of a drawing is below 2^21
constexpr std::size_t point_size_min = 3;
constexpr std::size_t stroke_size_min = 2 + point_size_min;
static_assert(pen_count <= pen_mask);
static_assert(stored_size_max < 1U << 21 && 2 * x_max < 1 << 21 && t_ms_max < 1 << 21);

// Small numbers of either sign become small ones without: 0, -1, 1, -2 … are 0, 1, 2, 3 …
constexpr std::uint32_t zigzag(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}
constexpr std::int32_t unzigzag(std::uint32_t value) {
  return static_cast<std::int32_t>(value >> 1) ^ -static_cast<std::int32_t>(value & 1);
}

// Calls `put` with each number of the drawing, in the order in which they are stored.
template <class Put>
void for_each_number(const Drawing& drawing, Put put) {
  std::int32_t x = 0, y = 0;
  put(static_cast<std::uint32_t>(drawing.strokes.size()));
  for (const Stroke& stroke : drawing.strokes) {
    put(static_cast<std::uint32_t>(stroke.pen) | (stroke.eraser ? eraser_bit : 0));
    put(static_cast<std::uint32_t>(stroke.points.size()));
    for (const Point& point : stroke.points) {
      put(zigzag(point.x - x));
      put(zigzag(point.y - y));
      put(static_cast<std::uint32_t>(point.t));
      x = point.x;
      y = point.y;
    }
  }
}

Error corrupt(std::string_view why) {
  return {Code::corrupt, "a stored drawing " + std::string(why)};
}

// Takes numbers off the front of bytes. The first error stays: whoever reads a group of numbers
// asks once, after it.
class NumberReader {
 public:
  explicit NumberReader(Bytes bytes) : bytes_(bytes) {}

  std::size_t size_left() const { return bytes_.size() - at_; }
  bool failed() const { return failed_; }

  // The next number. 0 where bytes end within it, or it is written longer than it needs to be.
  std::uint32_t next() {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < varint_size_max && at_ < bytes_.size(); ++i) {
      const auto byte = static_cast<std::uint32_t>(bytes_[at_++]);
      value |= (byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (byte == 0 && i > 0) break;
      return value;
    }
    failed_ = true;
    return 0;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

Result<void> read_stroke(NumberReader& numbers, Point& last, Stroke& stroke) {
  const std::uint32_t head = numbers.next();
  const std::uint32_t point_count = numbers.next();
  stroke.pen = static_cast<std::int32_t>(head & pen_mask);
  stroke.eraser = (head & eraser_bit) != 0;
  if (numbers.failed()) return corrupt("is cut short, or has a number of wrong length");
  if (head > (eraser_bit | pen_mask) || stroke.pen == 0) return corrupt("has a pen unknown here");
  if (point_count == 0) return corrupt("has a stroke without points");
  if (point_count > numbers.size_left() / point_size_min)
    return corrupt("counts more points than it has bytes for");
  stroke.points.reserve(point_count);
  for (std::uint32_t i = 0; i < point_count; ++i) {
    last.x += unzigzag(numbers.next());
    last.y += unzigzag(numbers.next());
    const std::uint32_t t = numbers.next();
    if (numbers.failed()) return corrupt("is cut short, or has a number of wrong length");
    if (last.x < 0 || last.x > x_max || last.y < 0 || last.y > y_max)
      return corrupt("leaves the canvas");
    if (t > static_cast<std::uint32_t>(t_ms_max)) return corrupt("has too long a pause");
    last.t = static_cast<std::int32_t>(t);
    stroke.points.push_back(last);
  }
  return {};
}

}  // namespace

std::size_t encoded_size(const Drawing& drawing) {
  std::size_t size = magic.size();
  for_each_number(drawing, [&](std::uint32_t number) {
    ++size;
    for (; number >= 0x80; number >>= 7) ++size;
  });
  return size;
}

std::string encode(const Drawing& drawing) {
  std::string bytes(magic);
  bytes.reserve(encoded_size(drawing));
  for_each_number(drawing, [&](std::uint32_t number) {
    for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
    bytes += static_cast<char>(number);
  });
  MATSURI_ASSERT(bytes.size() <= stored_size_max, "only what clean() gave is stored");
  return bytes;
}

Result<Drawing> decode(Bytes bytes) {
  if (bytes.size() > stored_size_max) return corrupt("is over its largest size");
  if (!as_text(bytes).starts_with(magic)) return corrupt("does not begin with MD1");
  NumberReader numbers(bytes.subspan(magic.size()));
  const std::uint32_t stroke_count = numbers.next();
  if (numbers.failed()) return corrupt("is cut short, or has a number of wrong length");
  if (stroke_count == 0) return corrupt("has no strokes");
  if (stroke_count > numbers.size_left() / stroke_size_min)
    return corrupt("counts more strokes than it has bytes for");
  Drawing drawing;
  drawing.strokes.resize(stroke_count);
  Point last;
  for (Stroke& stroke : drawing.strokes) TRY(read_stroke(numbers, last, stroke));
  if (numbers.size_left() != 0) return corrupt("has bytes after its end");
  return drawing;
}

}  // namespace matsuri::drawing
