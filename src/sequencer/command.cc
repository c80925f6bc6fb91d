// The few things that commands and entities know of themselves.
#include "sequencer/command.h"

namespace matsuri::sequencer {

std::int64_t Key::unix_ms() const {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  return ms;
}

void Entity::set(FieldIndex field, std::int64_t value) {
  if (values.size() <= field) values.resize(std::size_t{field} + 1);
  values[field] = value;
  present |= std::uint64_t{1} << field;
}

// Trailing zeros go, so that equal entities compare equal whatever became of them before.
void Entity::remove(FieldIndex field) {
  if (!has(field)) return;
  present &= ~(std::uint64_t{1} << field);
  values[field] = 0;
  std::size_t size = values.size();
  while (size > 0 && !has(static_cast<FieldIndex>(size - 1))) --size;
  values.resize(size);
}

}  // namespace matsuri::sequencer
