#include "people/model.h"

namespace matsuri::people {
namespace {

std::string hex_of(std::uint64_t number) {
  std::string digits(16, '0');
  for (std::size_t place = digits.size(); number != 0; number >>= 4)
    digits[--place] = "0123456789abcdef"[number & 15];
  return digits;
}

}  // namespace

void write_author(json::Writer& writer, const Person& person) {
  writer.begin_object()
      .field_id("id", person.id.value)
      .field("handle", person.handle)
      .field("name", person.name)
      .field("face", hex_of(person.face))
      .end_object();
}

}  // namespace matsuri::people
