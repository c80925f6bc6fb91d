// Goal: any bytes are parsed or refused; what is parsed is written and read back the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "json/value.h"
#include "json/writer.h"

namespace matsuri::json {
namespace {

void check_equal(Value a, Value b) {
  MATSURI_ASSERT(a.kind() == b.kind());
  switch (a.kind()) {
    case Kind::null:
      return;
    case Kind::boolean:
      MATSURI_ASSERT(*a.boolean() == *b.boolean());
      return;
    case Kind::integer:
    case Kind::number:
      MATSURI_ASSERT(*a.number() == *b.number());
      return;
    case Kind::string:
      MATSURI_ASSERT(*a.string() == *b.string());
      return;
    case Kind::array: {
      const Array left = *a.array(), right = *b.array();
      MATSURI_ASSERT(left.size() == right.size());
      auto other = right.begin();
      for (const Value value : left) {
        check_equal(value, *other);
        ++other;
      }
      return;
    }
    case Kind::object: {
      const Object left = *a.object(), right = *b.object();
      MATSURI_ASSERT(left.size() == right.size());
      auto other = right.begin();
      for (const Field field : left) {
        MATSURI_ASSERT(field.key == (*other).key);
        check_equal(field.value, (*other).value);
        ++other;
      }
      return;
    }
  }
}

}  // namespace
}  // namespace matsuri::json

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri::json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Limits lax{.depth_max = 40, .duplicate_keys = true};
  const auto first = Document::parse(text, lax);
  MATSURI_ASSERT(first.ok() || !Document::parse(text).ok());
  if (!first.ok()) return 0;

  std::string once;
  Writer(once).copy(first->root());
  const auto second = Document::parse(once, lax);
  MATSURI_ASSERT(second.ok());
  check_equal(first->root(), second->root());
  std::string twice;
  Writer(twice).copy(second->root());
  MATSURI_ASSERT(once == twice);
  return 0;
}
