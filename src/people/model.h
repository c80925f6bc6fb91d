// How somebody is shown beside what they do.
#pragma once

#include <cstdint>
#include <string>

#include "json/writer.h"
#include "model/event.h"
#include "model/ids.h"

namespace matsuri::people {

struct Person {
  AccountId id;
  std::string handle;
  std::string name;
  std::uint64_t face = 0;  // the genome; 0 stands for the one made from the id
  Audience empathies_shown_to = Audience::everyone;

  bool operator==(const Person&) const = default;
};

// {id, handle, name, face}, as the API writes an author.
void write_author(json::Writer& writer, const Person& person);

}  // namespace matsuri::people
