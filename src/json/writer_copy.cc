// Apart from the rest of the writer: whoever only writes needs no parser, and so no library that
// can be linked dynamically alone.
#include "json/writer.h"

namespace matsuri::json {

// What Value::kind() promises holds, so value() cannot throw here.
Writer& Writer::copy(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return null();
    case Kind::boolean:
      return boolean(*value.boolean());
    case Kind::integer: {
      const auto whole = value.integer();
      return whole.ok() ? integer(*whole) : unsigned_integer(*value.unsigned_integer());
    }
    case Kind::number:
      return number(*value.number());
    case Kind::string:
      return string(*value.string());
    case Kind::array: {
      begin_array();
      const Array array = *value.array();
      for (const Value element : array) copy(element);
      return end_array();
    }
    case Kind::object: {
      begin_object();
      const Object object = *value.object();
      for (const Field field : object) key(field.key).copy(field.value);
      return end_object();
    }
  }
  return *this;
}

}  // namespace matsuri::json
